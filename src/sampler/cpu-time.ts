import type { Window } from '../sample.js'
import type { CpuActivity } from './cpu-activity.js'

/** What is known of the CPU time of a window. */
export interface UsedCpu {
  readonly nanos: number
  readonly activity: CpuActivity
}

/** What one window hands on to the next. */
export interface CpuCarry {
  /** CPU time that found no sample to go to. */
  readonly nanos: number
  /** By function: what its samples seemed to use that cannot be, below nothing or above everything. */
  readonly excessOfFunction: ReadonlyMap<string, number>
}

export const NO_CARRY: CpuCarry = { nanos: 0, excessOfFunction: new Map() }

/** A sample with less than this share of its interval is a wait. */
const WAITING_SHARE = 0.1

/** The CPU time of a window's samples. */
export interface SpreadCpuTime {
  /** Nanoseconds of each sample, by index; 0 for idle ones. */
  readonly cpuNanosOfSample: readonly number[]
  /** By index: the thread waited within a call, or for a CPU. False for idle ones. */
  readonly waitingOfSample: readonly boolean[]
  readonly carry: CpuCarry
}

/**
 * Spreads the CPU time of a window over its samples. A sample gets as much of its interval as the
 * thread used at that moment, so a wait gets what it used: next to nothing. Sums are conserved.
 *
 * A thread that mostly waits in the event loop also works between two samples, unseen. This time goes
 * to samples of such short work; if there are none, to all samples; and if the window has none, on to
 * the next one.
 */
export function spreadCpuTime(
  window: Window,
  { nanos, activity }: UsedCpu,
  samplingIntervalNanos: number,
  carry: CpuCarry,
): SpreadCpuTime {
  const { shares, excessOfFunction } = sharesOfSamples(window, activity, carry)
  const estimates = shares.map((share) => share * samplingIntervalNanos)
  const estimated = sum(estimates)
  const used = nanos + carry.nanos
  const isUnseen = used > estimated
  const takers = isUnseen ? unseenWork(window, estimates, samplingIntervalNanos) : estimates
  const each = estimated > 0 ? (used - estimated) / sum(takers) : 0
  const cpuNanosOfSample = estimates.map((estimate, i) => estimate + each * (takers[i] ?? 0))
  const leastNanos = WAITING_SHARE * samplingIntervalNanos
  return {
    cpuNanosOfSample,
    waitingOfSample: window.samples.map(
      ({ idle }, i) => !idle && (cpuNanosOfSample[i] ?? 0) < leastNanos,
    ),
    carry: { nanos: estimated > 0 ? 0 : used, excessOfFunction },
  }
}

/**
 * The share of a CPU that each sample stands for, by index. That of a single sample is uncertain by as
 * much as itself, below 0 or above 1, but those of a function make up for each other. So it is the
 * function's sum that is kept between nothing and everything. What is cut off counts in its next
 * window, as far as it may come from chance.
 */
function sharesOfSamples(window: Window, activity: CpuActivity, carry: CpuCarry) {
  const shares = new Array<number>(window.samples.length).fill(0)
  const excessOfFunction = new Map<string, number>()
  for (const [name, indexes] of samplesByFunction(window)) {
    const measured = indexes.map((i) => activity.at(window.samples[i]?.timeMicros ?? 0))
    const total = sum(measured) + (carry.excessOfFunction.get(name) ?? 0)
    const possible = Math.min(indexes.length, Math.max(0, total))
    const byChance = Math.sqrt(indexes.length)
    excessOfFunction.set(name, Math.min(byChance, Math.max(-byChance, total - possible)))
    const positive = measured.map((share) => Math.max(0, share))
    const weights = sum(positive) > 0 ? positive : measured.map(() => 1)
    const each = possible / sum(weights)
    indexes.forEach((index, i) => {
      shares[index] = each * (weights[i] ?? 0)
    })
  }
  return { shares, excessOfFunction }
}

/** The samples of a thread in code, by the function that ran. */
function samplesByFunction({ samples, stacks }: Window): ReadonlyMap<string, readonly number[]> {
  const names = stacks.map(
    ({ frame }) => `${frame.functionName} ${frame.url}:${frame.line}:${frame.column}`,
  )
  const byFunction = new Map<string, number[]>()
  samples.forEach(({ idle, stack }, index) => {
    if (idle) return
    const name = names[stack] ?? ''
    const known = byFunction.get(name)
    if (known) known.push(index)
    else byFunction.set(name, [index])
  })
  return byFunction
}

/**
 * What is to get time that no sample saw, in proportion: samples next to idle ones, of work that is
 * shorter than an interval; else all samples.
 */
function unseenWork(
  { samples }: Window,
  estimates: readonly number[],
  samplingIntervalNanos: number,
): readonly number[] {
  const short = estimates.map((estimate, i) => {
    const isBesideIdle = samples[i - 1]?.idle || samples[i + 1]?.idle
    return isBesideIdle ? estimate * Math.max(0, samplingIntervalNanos - estimate) : 0
  })
  return sum(short) > 0 ? short : estimates
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
