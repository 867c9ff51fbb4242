/**
 * Ten thousand spans a second, around awaits: a root and four children a task. Arguments: a span
 * profiler, seconds, seconds between two readings, where profiles go.
 */
import { setImmediate, setTimeout } from 'node:timers/promises'
import { answer } from './answer.mjs'
import { littleWork, steadyTasks } from './steady-tasks.mjs'
import { contextManager, startTracing } from './tracing.mjs'

const [profilerName, durationSeconds, readingSeconds, outputDir] = process.argv.slice(2)

const TASKS_A_SECOND = 2_000

await answer(async () => {
  const { start } = await import(`../span-profilers/${profilerName}.mjs`)
  const { spanProcessors, stop } = await start({ outputDir, contextManager })
  const tracer = startTracing(spanProcessors)
  let ended = 0
  const inSpan = (name, fn) =>
    tracer.startActiveSpan(name, async (span) => {
      await fn()
      span.end()
      ended++
    })
  const query = async () => {
    littleWork()
    await setImmediate()
    littleWork()
  }
  const { readings, seconds } = await steadyTasks({
    tasksASecond: TASKS_A_SECOND,
    durationSeconds: Number(durationSeconds),
    readingSeconds: Number(readingSeconds),
    task: (number) =>
      inSpan(`GET /items/${number % 20}`, async () => {
        await Promise.all([inSpan('query', query), inSpan('query', query)])
        await setTimeout(1)
        await inSpan('query', () => inSpan('fetch', query))
      }),
  })
  await stop?.()
  return { readings, aSecond: ended / seconds }
})
