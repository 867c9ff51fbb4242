import { closeSync, openSync, readSync } from 'node:fs'
import type { ActivityReading } from './cpu-activity.js'
import { evaluate } from './evaluate.js'
import type { Transport } from './transport.js'

/**
 * Where a thread's CPU time comes from.
 *
 * - `schedstat` the kernel's count for the thread (Linux).
 * - `threadCpuUsage` `process.threadCpuUsage()` in the thread (Node 22.19, 23.9 and later). It
 *   interrupts the thread, so it is read once a window; in between, the CPU time of the process shows
 *   when the thread works.
 * - `samplingInterval` none: a sample counts for one sampling interval, or less if the process used
 *   less CPU time than that.
 */
export type CpuTimeSource = 'schedstat' | 'threadCpuUsage' | 'samplingInterval'

/** A thread's CPU time so far, at a moment. */
export interface CpuReading {
  readonly timeMicros: number
  /** `undefined` if the source has none. */
  readonly cpuNanos: number | undefined
}

/** A reading that does not interrupt the thread. */
export interface UndisturbingReading extends ActivityReading {
  /** How long the thread has been ready to run but had no CPU, if the system counts it; else 0. */
  readonly queuedNanos: number
}

/** Reads the CPU time of the profiled thread. */
export interface CpuClock {
  readonly source: CpuTimeSource
  /** The thread's CPU time. */
  read(): Promise<CpuReading>
  /**
   * A count that grows as the thread works, for the distribution over time: the thread's CPU time, or
   * that of the process.
   */
  glance(): UndisturbingReading
  close(): void
}

/** Microseconds on the clock of V8's samples. */
export function nowMicros(): number {
  return Number(process.hrtime.bigint() / 1000n)
}

/** CPU time of all threads of this process so far. */
export function processCpuNanos(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) * 1000
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
 * The first field of schedstat is the time on a CPU in nanoseconds, the second one the time in a
 * queue for one (https://www.kernel.org/doc/html/v6.6/scheduler/sched-stats.html). A reading takes
 * 0.55 µs.
 */
export function schedstatClock(path: string): CpuClock | undefined {
  const buffer = Buffer.alloc(64)
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return undefined // Not Linux, a sandbox without it, or denied by the permission model.
  }
  let last: readonly [nanos: number, queuedNanos: number] = [0, 0]
  const fields = () => {
    const read = numbersIn(file, buffer)
    last = read ?? last
    return read
  }
  if (!((fields()?.[0] ?? 0) > 0)) {
    closeSync(file)
    return undefined
  }
  return {
    source: 'schedstat',
    read: async () => ({ cpuNanos: fields()?.[0], timeMicros: nowMicros() }),
    glance() {
      fields()
      return { nanos: last[0], queuedNanos: last[1], timeMicros: nowMicros() }
    },
    close: () => closeSync(file),
  }
}

/** @returns nothing if the file cannot be read any more. */
function numbersIn(file: number, buffer: Buffer): [number, number] | undefined {
  try {
    const text = buffer.toString('latin1', 0, readSync(file, buffer, 0, buffer.length, 0))
    const [first, second] = text.split(' ', 2).map(Number)
    return first === undefined || second === undefined ? undefined : [first, second]
  } catch {
    return undefined
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
  return { source: 'threadCpuUsage', read, glance: glanceAtProcess, close() {} }
}

export function samplingIntervalClock(): CpuClock {
  return {
    source: 'samplingInterval',
    read: async () => ({ timeMicros: nowMicros(), cpuNanos: undefined }),
    glance: glanceAtProcess,
    close() {},
  }
}

function glanceAtProcess(): UndisturbingReading {
  return { timeMicros: nowMicros(), nanos: processCpuNanos(), queuedNanos: 0 }
}
