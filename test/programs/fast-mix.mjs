// Two functions by turns, each under its own label, for a few microseconds at a time. Each burns CPU
// under a name of its own, so that every sample tells which label it should carry.
//   node fast-mix.mjs <output directory> <milliseconds of work>
import { setImmediate as turn } from 'node:timers/promises'
import { startProfiler, withLabels } from 'spanprof'

const [outputDir, workMillis] = process.argv.slice(2)
const LABELS = 4
const ROUNDS_BETWEEN_TURNS = 200
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
const end = performance.now() + Number(workMillis)
while (performance.now() < end) {
  for (let i = 0; i < ROUNDS_BETWEEN_TURNS; i++) round()
  await turn()
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
