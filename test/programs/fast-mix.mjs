// Two functions by turns, each under its own label, for a few microseconds at a time. Each burns CPU
// under a name of its own, so that every sample tells which label it should carry.
//   node fast-mix.mjs <output directory> <samples>
import { setTimeout as sleep } from 'node:timers/promises'
import { startProfiler, withLabels } from 'spanprof'

const [outputDir, samples] = process.argv.slice(2)
const LABELS = 4
/**
 * 800 switches and a pause: at most 200,000 a second, however fast the machine is. The profiler keeps
 * 262,144, and a window has to be over before they are forgotten.
 */
const ROUNDS_BETWEEN_PAUSES = 200
const PAUSE_MILLIS = 4
const MAX_STEPS = 4_000

/** By name, as all of the profile's tests of labels tell functions by it. */
const burners = Array.from({ length: LABELS }, (_, job) =>
  new Function(`return function burn_${job}(steps) {
    let sum = 0
    for (let i = 0; i < steps; i++) sum += (i * i) % 7
    return sum
  }`)(),
)

const profiler = await startProfiler({ outputDir, samplingIntervalMicros: 200, appName: 'mix' })
// Not for some time: on a busy machine there are few samples in it.
while (profiler.stats().samples < Number(samples)) {
  for (let i = 0; i < ROUNDS_BETWEEN_PAUSES; i++) round()
  await sleep(PAUSE_MILLIS)
}
await profiler.stop()
console.log(JSON.stringify(profiler.stats()))

function round() {
  const job = Math.floor(Math.random() * LABELS)
  const inner = (job + 1) % LABELS
  const steps = 50 + Math.floor(Math.random() * MAX_STEPS)
  withLabels({ job }, () => {
    burners[job](steps)
    withLabels({ job: inner }, () => burners[inner](steps))
    burners[job](steps)
  })
}
