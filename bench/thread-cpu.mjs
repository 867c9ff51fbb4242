import { readFileSync } from 'node:fs'

/**
 * The main thread's own CPU time so far, in nanoseconds. By `process.threadCpuUsage()` where it
 * exists, which is not where spanprof takes it from; else from the kernel's count for the thread.
 * Behind by up to one tick of the kernel (4 ms).
 */
export function mainThreadCpuNanos() {
  if (typeof process.threadCpuUsage !== 'function') return schedstatNanos()
  const { user, system } = process.threadCpuUsage()
  return (user + system) * 1000
}

/** The same to some 0.1 ms: the kernel brings a thread's count up to date when it goes to sleep. */
export function exactMainThreadCpuNanos() {
  Atomics.wait(NEVER_WOKEN, 0, 0, 1)
  return process.platform === 'linux' ? schedstatNanos() : mainThreadCpuNanos()
}

const NEVER_WOKEN = new Int32Array(new SharedArrayBuffer(4))

function schedstatNanos() {
  return Number.parseInt(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1'), 10)
}
