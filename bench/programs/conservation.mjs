/**
 * Keeps its thread busy without a break, not even for the event loop. Arguments: which code (`steady` or `fresh`), milliseconds,
 * where profiles go.
 */
import { startProfiler } from '../spanprof.mjs'
import { mainThreadCpuNanos } from '../thread-cpu.mjs'
import { answer } from './answer.mjs'
import { freshWork, steadyWork } from './work.mjs'

const [code, durationMillis, outputDir] = process.argv.slice(2)

const TURN_MILLIS = 20

await answer(async () => {
  const nextWork = code === 'fresh' ? freshWork : () => steadyWork
  const profiler = await startProfiler({ appName: 'bench', outputDir })
  const startedMillis = performance.now()
  const startedCpuNanos = mainThreadCpuNanos()
  const end = startedMillis + Number(durationMillis)
  while (performance.now() < end) {
    nextWork()(performance.now() + TURN_MILLIS)
  }
  const elapsedMillis = performance.now() - startedMillis
  const cpuNanos = mainThreadCpuNanos() - startedCpuNanos
  await profiler.stop()
  return { elapsedMillis, cpuNanos, stats: profiler.stats() }
})
