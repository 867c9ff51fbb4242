/**
 * Forty jobs at once, a span each with spans of its own, at steps of every kind; a step burns CPU in
 * the function of the span that samples of it must name. Arguments: scope, milliseconds, where
 * profiles go. Answers with these spans.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { answer } from './answer.mjs'
import { jobSteps } from './job-steps.mjs'
import { listen } from './listen.mjs'
import { randomBelow } from './random.mjs'
import { OUTSIDE, SpanJobs } from './span-jobs.mjs'
import { spanSteps } from './span-steps.mjs'
import { contextManager, startTracing } from './tracing.mjs'

const [scope, durationMillis, outputDir] = process.argv.slice(2)

const JOBS_AT_ONCE = 40
const STEPS_OF_JOB = 10

await answer(async () => {
  const { start } = await import(`../span-profilers/${scope}.mjs`)
  const profiler = await start({
    samplingIntervalMicros: 1_000,
    flushIntervalMs: 60_000,
    outputDir,
    contextManager,
  })
  const jobs = new SpanJobs(startTracing(profiler.spanProcessors), scope)
  const steps = [
    ...jobSteps({ burn: jobs.burn, asAnotherJob: jobs.run, url: await listen(serving(jobs)) }),
    ...spanSteps(jobs),
  ]

  const end = performance.now() + Number(durationMillis)
  const worker = async () => {
    while (performance.now() < end) await jobs.run((job) => work(job, steps), { root: true })
  }
  await Promise.all(Array.from({ length: JOBS_AT_ONCE }, worker))
  await profiler.stop()
  const { strayed, named } = jobs
  if (strayed > 0) throw new Error(`${strayed} steps did not run in their span: nothing is proved`)
  return { spans: named, outside: OUTSIDE }
})

async function work(job, steps) {
  for (let i = 0; i < STEPS_OF_JOB; i++) await steps[randomBelow(steps.length)](job)
}

/** A server's span is named after its route once that is known. */
function serving({ burn, run, rename }) {
  return (_request, response) =>
    run(
      async (job) => {
        burn(job)
        await sleep(1)
        rename(job)
        burn(job)
        response.end('done')
      },
      { name: 'GET', root: true },
    )
}
