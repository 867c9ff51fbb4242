// Labels for a part of the code; the wrapped function is asynchronous, and its value is wanted.
const Pyroscope = require('spanprof')
const { slowCode } = require('./work.cjs')

Pyroscope.init({ serverAddress: process.env.SERVER, appName: 'rideshare' })
Pyroscope.start()

async function main() {
  const results = await Promise.all(
    ['bike', 'car'].map((vehicle) => Pyroscope.wrapWithLabels({ vehicle }, () => slowCode())),
  )
  if (results.join() !== 'done,done') throw new Error(`slowCode returned ${results}`)
  await Pyroscope.stop()
}
main()
