import { exactMainThreadCpuNanos } from '../thread-cpu.mjs'

/**
 * What `work` costs: wall time, the CPU time of all threads, and that of the main thread, which is how
 * long it keeps the event loop where nothing else runs. (Not by `eventLoopUtilization()`: V8's
 * sampling signals interrupt the loop's waiting, which then counts as active.)
 */
export async function costOf(work) {
  const mainBeforeNanos = exactMainThreadCpuNanos()
  const cpuBefore = process.cpuUsage()
  const startMillis = performance.now()
  await work()
  const wallMillis = performance.now() - startMillis
  const { user, system } = process.cpuUsage(cpuBefore)
  const mainNanos = exactMainThreadCpuNanos() - mainBeforeNanos
  return { wallMillis, cpuMillis: (user + system) / 1e3, mainMillis: mainNanos / 1e6 }
}
