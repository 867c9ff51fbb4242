/**
 * A little labelled work, pushed to a server that may not be there. Arguments: `spanprof` or `bare`,
 * seconds, seconds between two readings, the server's address, a directory.
 */
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { startProfiler, withLabels } from '../spanprof.mjs'
import { answer } from './answer.mjs'
import { littleWork, steadyTasks } from './steady-tasks.mjs'

const [profiled, durationSeconds, readingSeconds, serverAddress, directory] = process.argv.slice(2)
const TENANTS = 50
const TASKS_OF_A_BURN = 40
const BURN_MILLIS = 20

await answer(async () => {
  const profiler = profiled === 'spanprof' ? await start() : undefined
  const { readings } = await steadyTasks({
    tasksASecond: 200,
    durationSeconds: Number(durationSeconds),
    readingSeconds: Number(readingSeconds),
    task: (number) => withLabels({ tenant: `tenant-${number % TENANTS}` }, () => work(number)),
  })
  await profiler?.stop()
  return { readings, stats: profiler?.stats() }
})

function start() {
  return startProfiler({
    appName: 'bench',
    serverAddress,
    spoolDir: join(directory, 'spool'),
    outputDir: join(directory, 'profiles'),
    flushIntervalMs: 5_000,
    logger: { warn() {}, info() {} },
  })
}

/** A little, and now and then enough for samples in every profile. */
async function work(number) {
  littleWork()
  await setTimeout(1)
  if (number % TASKS_OF_A_BURN === 0) burn(BURN_MILLIS)
}

function burn(millis) {
  const end = performance.now() + millis
  while (performance.now() < end) littleWork()
}
