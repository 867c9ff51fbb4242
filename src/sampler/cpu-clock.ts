import { closeSync, openSync, readSync } from 'node:fs'
import { evaluate } from './evaluate.js'
import type { Transport } from './transport.js'

/**
 * Where a thread's CPU time comes from.
 *
 * - `schedstat` the kernel's count for the thread (Linux), read without disturbing it.
 * - `threadCpuUsage` `process.threadCpuUsage()` in the thread (Node 22.19, 23.9 and later), read once
 *   a window.
 * - `samplingInterval` none: every sample that is not idle counts as one sampling interval.
 */
export type CpuTimeSource = 'schedstat' | 'threadCpuUsage' | 'samplingInterval'

/** A thread's CPU time so far, at a moment. */
export interface CpuReading {
  readonly timeMicros: number
  /** `undefined` where the source has none. */
  readonly cpuNanos: number | undefined
}

/** Reads the CPU time of the profiled thread. */
export interface CpuClock {
  readonly source: CpuTimeSource
  /** Whether a reading leaves the profiled thread alone, so that it can be taken often. */
  readonly undisturbing: boolean
  read(): Promise<CpuReading>
  close(): void
}

/** Microseconds on the clock of V8's samples. */
export function nowMicros(): number {
  return Number(process.hrtime.bigint() / 1000n)
}

/** The best clock there is for the main thread of this process. */
export async function mainThreadCpuClock(transport: Transport): Promise<CpuClock> {
  return (
    schedstatClock(`/proc/self/task/${process.pid}/schedstat`) ??
    (await threadCpuUsageClock(transport)) ??
    samplingIntervalClock()
  )
}

/**
 * The first field of schedstat is the time on a CPU in nanoseconds
 * (https://www.kernel.org/doc/html/v6.6/scheduler/sched-stats.html). A reading takes 0.55 µs.
 */
export function schedstatClock(path: string): CpuClock | undefined {
  const buffer = Buffer.alloc(64)
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return undefined // Not Linux, a sandbox without it, or denied by the permission model.
  }
  const cpuNanos = () => {
    try {
      return Number.parseInt(buffer.toString('latin1', 0, readSync(file, buffer, 0, 64, 0)), 10)
    } catch {
      return Number.NaN
    }
  }
  if (!(cpuNanos() > 0)) {
    closeSync(file)
    return undefined
  }
  return {
    source: 'schedstat',
    undisturbing: true,
    async read() {
      const nanos = cpuNanos()
      return { timeMicros: nowMicros(), cpuNanos: Number.isNaN(nanos) ? undefined : nanos }
    },
    close: () => closeSync(file),
  }
}

/** Time and CPU time are taken together in the thread, so that they belong together. */
const THREAD_CPU_USAGE = `(() => {
  const { user, system } = process.threadCpuUsage()
  const [seconds, nanos] = process.hrtime()
  return [seconds * 1e6 + Math.floor(nanos / 1000), (user + system) * 1000]
})()
//# sourceURL=spanprof:cpu-clock`

export async function threadCpuUsageClock(transport: Transport): Promise<CpuClock | undefined> {
  const read = async (): Promise<CpuReading> => {
    const value = (await evaluate(transport, THREAD_CPU_USAGE)) as [number, number] | undefined
    const [timeMicros, cpuNanos] = value ?? [nowMicros(), undefined]
    return { timeMicros, cpuNanos }
  }
  if ((await read()).cpuNanos === undefined) return undefined
  return { source: 'threadCpuUsage', undisturbing: false, read, close() {} }
}

export function samplingIntervalClock(): CpuClock {
  return {
    source: 'samplingInterval',
    undisturbing: false,
    read: async () => ({ timeMicros: nowMicros(), cpuNanos: undefined }),
    close() {},
  }
}
