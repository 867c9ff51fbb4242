// Everything from the environment, by the default member, as compiled TypeScript calls it.
const { default: Pyroscope } = require('spanprof')
const { slowCode } = require('./work.cjs')

Pyroscope.init()
Pyroscope.startWallProfiling()
slowCode().then(() => Pyroscope.stopWallProfiling())
