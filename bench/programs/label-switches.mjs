/**
 * Ten thousand label switches a second, each with labels that were never there before, around awaits.
 * Arguments: `spanprof` or `bare`, seconds, seconds between two readings, where profiles go.
 */
import { setImmediate, setTimeout } from 'node:timers/promises'
import { startProfiler, withLabels } from '../spanprof.mjs'
import { answer } from './answer.mjs'
import { littleWork, steadyTasks } from './steady-tasks.mjs'

const [profiled, durationSeconds, readingSeconds, outputDir] = process.argv.slice(2)

/** Each makes about five switches: at its start, and after each of its awaits. */
const TASKS_A_SECOND = 2_000

await answer(async () => {
  const profiler =
    profiled === 'spanprof' ? await startProfiler({ appName: 'bench', outputDir }) : undefined
  const { readings, seconds } = await steadyTasks({
    tasksASecond: TASKS_A_SECOND,
    durationSeconds: Number(durationSeconds),
    readingSeconds: Number(readingSeconds),
    task: (number) => withLabels({ request: `r-${number}` }, work),
  })
  const aSecond = (profiler?.stats().labelSwitches ?? Number.NaN) / seconds
  await profiler?.stop()
  return { readings, aSecond }
})

async function work() {
  littleWork()
  await setImmediate()
  littleWork()
  await setTimeout(1)
  littleWork()
  await setImmediate()
  littleWork()
}
