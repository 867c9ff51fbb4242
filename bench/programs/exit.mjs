/**
 * Burns CPU and ends. Arguments: how it ends, `spanprof` or `bare`, where profiles go. Writes to its
 * standard output how long the handlers of the `exit` event took, and when it set out to end.
 */
import { writeSync } from 'node:fs'
import { startProfiler } from '../spanprof.mjs'

const [ending, profiled, outputDir] = process.argv.slice(2)

const BURN_MILLIS = 100

let exitMillis
let leavingNanos
// Handlers run in the order of their registration, so spanprof's is between these two.
process.on('exit', () => {
  exitMillis = performance.now()
})
if (profiled === 'spanprof') await startProfiler({ appName: 'bench', outputDir })
process.on('exit', () => {
  const flushMillis = performance.now() - exitMillis
  writeSync(1, JSON.stringify({ flushMillis, leavingNanos: String(leavingNanos) }))
})

burnFirst(performance.now() + BURN_MILLIS)
burnBefore(performance.now() + BURN_MILLIS)
burnLast(performance.now() + BURN_MILLIS)
leavingNanos = process.hrtime.bigint()
if (ending === 'process.exit()') process.exit()
if (ending === 'uncaught exception') {
  setImmediate(() => {
    throw new Error('meant')
  })
}

function burnFirst(endMillis) {
  while (performance.now() < endMillis);
}

function burnBefore(endMillis) {
  while (performance.now() < endMillis);
}

function burnLast(endMillis) {
  while (performance.now() < endMillis);
}
