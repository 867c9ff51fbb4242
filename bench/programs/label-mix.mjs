/**
 * Twenty jobs at once, each under its label, at steps of every kind; a step burns CPU in the function
 * of its job. Arguments: profiler, milliseconds, where profiles go as files, and as uploads.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { answer } from './answer.mjs'
import { LABELS, namedBurns } from './burns.mjs'
import { jobSteps } from './job-steps.mjs'
import { listen } from './listen.mjs'
import { randomBelow } from './random.mjs'

const [profilerName, durationMillis, outputDir, serverAddress] = process.argv.slice(2)

const JOBS_AT_ONCE = 20
const STEPS_OF_JOB = 10

await answer(async () => {
  const { start } = await import(`../profilers/${profilerName}.mjs`)
  const profiler = await start({
    samplingIntervalMicros: 1_000,
    flushIntervalMs: 60_000,
    outputDir,
    serverAddress,
  })
  const burns = namedBurns(LABELS)
  // Says whether the steps keep their promise, by Node's own means.
  const jobInForce = new AsyncLocalStorage()
  let strayed = 0
  const burn = (job) => {
    if (jobInForce.getStore() !== job) strayed++
    burns[job](50 + randomBelow(300))
  }
  const asJob = (job, fn) =>
    jobInForce.run(job, () => profiler.withLabels({ job: String(job) }, fn))
  const asAnotherJob = (fn) => {
    const other = randomBelow(LABELS)
    return asJob(other, () => fn(other))
  }
  const steps = jobSteps({
    burn,
    asAnotherJob,
    url: await listen((_request, response) => response.end('done')),
  })

  const end = performance.now() + Number(durationMillis)
  const worker = async () => {
    while (performance.now() < end) {
      const job = randomBelow(LABELS)
      await asJob(job, () => work(job, steps))
    }
  }
  await Promise.all(Array.from({ length: JOBS_AT_ONCE }, worker))
  await profiler.stop()
  if (strayed > 0) throw new Error(`${strayed} steps did not run as their job: nothing is proved`)
})

async function work(job, steps) {
  for (let i = 0; i < STEPS_OF_JOB; i++) await steps[randomBelow(steps.length)](job)
}
