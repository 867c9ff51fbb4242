// Code compiled from TypeScript, with a source mapper.
const Pyroscope = require('spanprof')
const { checkout } = require('./compiled/cart.js')
const { started } = require('./work.cjs')

Pyroscope.SourceMapper.create(['.'])
  .then((sourceMapper) => {
    Pyroscope.init({ serverAddress: process.env.SERVER, appName: 'cart', sourceMapper })
    Pyroscope.start()
    return checkout(started)
  })
  .then(() => Pyroscope.stop())
