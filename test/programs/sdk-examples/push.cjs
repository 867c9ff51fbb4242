// Push, from CommonJS, with tags and a wall profile with CPU time.
const Pyroscope = require('spanprof')
const { slowCode } = require('./work.cjs')

Pyroscope.init({
  serverAddress: process.env.SERVER,
  appName: 'myNodeService',
  tags: { region: process.env.REGION },
  wall: { collectCpuTime: true },
})

Pyroscope.start()

slowCode()
