import type { Sample } from '../sample.js'
import type { CpuReading } from './cpu-clock.js'

/** The CPU time of a window's samples, and what found no sample to stand on. */
export interface SpreadCpuTime {
  /** Nanoseconds of each sample, by index; 0 for idle ones. */
  readonly nanosOfSample: readonly number[]
  /** To be carried into the next window. */
  readonly carryNanos: number
}

interface Tick {
  readonly cpuNanos: number
  readonly busy: number[]
  readonly idle: number
}

/**
 * Spreads a thread's CPU time over its samples: that between two readings goes in equal parts to the
 * busy samples between them, so a thread blocked in `execSync` is not billed. A thread that mostly
 * waits burns CPU in ticks where no sample met it at work. This goes to the busy samples of ticks
 * that were partly idle, which are moments of the same kind; where there are none, to all busy
 * samples; and where the window has none, on to the next one. Sums are conserved.
 *
 * @param readings at least from the window's start to its end, in order of time.
 * @param samplingIntervalNanos what a busy sample counts where the CPU time is not known.
 */
export function spreadCpuTime(
  samples: readonly Sample[],
  readings: readonly CpuReading[],
  samplingIntervalNanos: number,
  carryNanos: number,
): SpreadCpuTime {
  const nanosOfSample = new Array<number>(samples.length).fill(0)
  const ticks = ticksBetween(samples, readings, samplingIntervalNanos)
  let unseenNanos = carryNanos
  for (const { cpuNanos, busy } of ticks) {
    if (busy.length === 0) unseenNanos += cpuNanos
    else addEqually(nanosOfSample, busy, cpuNanos)
  }
  const partlyIdle = ticks.filter(({ idle, busy }) => idle > 0 && busy.length > 0)
  const seen = (partlyIdle.length > 0 ? partlyIdle : ticks).flatMap(({ busy }) => busy)
  if (seen.length === 0) return { nanosOfSample, carryNanos: unseenNanos }
  addEqually(nanosOfSample, seen, unseenNanos)
  return { nanosOfSample, carryNanos: 0 }
}

function ticksBetween(
  samples: readonly Sample[],
  readings: readonly CpuReading[],
  samplingIntervalNanos: number,
): Tick[] {
  const ticks: Tick[] = []
  let next = 0
  for (let i = 1; i < readings.length; i++) {
    const from = readings[i - 1] as CpuReading
    const until = readings[i] as CpuReading
    const last = i === readings.length - 1
    const busy: number[] = []
    let idle = 0
    for (; next < samples.length; next++) {
      const sample = samples[next] as Sample
      if (sample.timeMicros >= until.timeMicros && !last) break
      if (sample.idle) idle++
      else busy.push(next)
    }
    const known = from.cpuNanos !== undefined && until.cpuNanos !== undefined
    const cpuNanos = known
      ? Math.max(0, Number(until.cpuNanos) - Number(from.cpuNanos))
      : busy.length * samplingIntervalNanos
    ticks.push({ cpuNanos, busy, idle })
  }
  return ticks
}

function addEqually(nanosOfSample: number[], indexes: readonly number[], nanos: number): void {
  for (const index of indexes) {
    nanosOfSample[index] = (nanosOfSample[index] ?? 0) + nanos / indexes.length
  }
}
