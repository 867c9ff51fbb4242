/**
 * Ten thousand label switches a second, each with labels that were never there before, around awaits.
 * Arguments: `spanprof` or `bare`, seconds, seconds between two readings, where profiles go.
 */
import { setImmediate, setTimeout } from 'node:timers/promises'
import { startProfiler, withLabels } from '../spanprof.mjs'
import { answer } from './answer.mjs'

const [profiled, durationSeconds, readingSeconds, outputDir] = process.argv.slice(2)

/** Each makes about five switches: at its start, and after each of its awaits. */
const TASKS_A_SECOND = 2_000

await answer(async () => {
  const profiler =
    profiled === 'spanprof' ? await startProfiler({ appName: 'bench', outputDir }) : undefined
  const startedMillis = performance.now()
  const seconds = () => (performance.now() - startedMillis) / 1000
  const readings = []
  let tasks = 0
  while (seconds() <= Number(durationSeconds)) {
    const due = seconds() * TASKS_A_SECOND
    while (tasks < due) void withLabels({ request: `r-${tasks++}` }, task)
    if (seconds() >= readings.length * Number(readingSeconds)) {
      readings.push({ seconds: seconds(), rssBytes: process.memoryUsage.rss() })
    }
    await setTimeout(5)
  }
  const switchesASecond = (profiler?.stats().labelSwitches ?? Number.NaN) / seconds()
  await profiler?.stop()
  return { readings, switchesASecond }
})

async function task() {
  work()
  await setImmediate()
  work()
  await setTimeout(1)
  work()
  await setImmediate()
  work()
}

/** A little, with some garbage, as a request makes it. */
function work() {
  return JSON.parse(JSON.stringify({ items: [1, 2, 3], total: 6 }))
}
