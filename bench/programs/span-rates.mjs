/**
 * The same work in few spans or in many, as it is asked: units of about 50 µs of CPU with an await in
 * each. Arguments: a span profiler, where profiles go. Says when it is warm; then each question,
 * `{ spansASecond, seconds }`, is answered with the CPU time for that.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { contextManager, startTracing } from './tracing.mjs'

const [profilerName, outputDir] = process.argv.slice(2)

const UNITS_A_SECOND = 10_000
const TURNS_OF_WORK = 18_000
const WARM_UP_SECONDS = 2
/** Until the profiler has taken over what it sampled. */
const SETTLE_MILLIS = 500

try {
  const { start } = await import(`../span-profilers/${profilerName}.mjs`)
  const { spanProcessors } = await start({ flushIntervalMs: 1_000, outputDir, contextManager })
  const tracer = startTracing(spanProcessors)
  process.on('message', async (question) => {
    process.send({ result: { cpuMicros: await cpuMicrosOf(tracer, question) } })
  })
  for (const spansASecond of [100, UNITS_A_SECOND]) {
    await workInSpans(tracer, { spansASecond, seconds: WARM_UP_SECONDS })
  }
  process.send({ result: 'warm' })
} catch (error) {
  process.send({ error: error.stack }, () => process.exit(1))
}

async function cpuMicrosOf(tracer, question) {
  const before = process.cpuUsage()
  await workInSpans(tracer, question)
  await sleep(SETTLE_MILLIS)
  const { user, system } = process.cpuUsage(before)
  return user + system
}

async function workInSpans(tracer, { spansASecond, seconds }) {
  const unitsOfSpan = UNITS_A_SECOND / spansASecond
  const allUnits = UNITS_A_SECOND * seconds
  const startedMillis = performance.now()
  let units = 0
  while (units < allUnits) {
    const due = ((performance.now() - startedMillis) / 1000) * UNITS_A_SECOND
    while (units < Math.min(due, allUnits)) {
      await tracer.startActiveSpan(`GET /items/${units % 20}`, async (span) => {
        for (let i = 0; i < unitsOfSpan; i++) await unit()
        span.end()
      })
      units += unitsOfSpan
    }
    await sleep(5)
  }
}

async function unit() {
  work()
  await null
  return work()
}

function work() {
  let sum = 0
  for (let i = 0; i < TURNS_OF_WORK; i++) sum = (Math.imul(sum ^ i, 0x9e3779b1) + i) | 0
  return sum
}
