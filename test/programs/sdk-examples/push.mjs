// Push, from an ES module, stopped by the app.
import Pyroscope from 'spanprof'
import work from './work.cjs'

Pyroscope.init({
  serverAddress: process.env.SERVER,
  appName: 'myNodeService',
  tags: { region: process.env.REGION },
  wall: { collectCpuTime: true },
})
Pyroscope.start()
await work.slowCode()
await Pyroscope.stop()
