import type { Window } from '../sample.js'

/** How often the CPU time is read while the thread works, or is idle in its event loop. */
const SLOW_MILLIS = 50
/** Linux updates the count of a running thread at the ticks of its clock, every 1 to 10 ms. */
const FASTEST_MILLIS = 5

/** How long a wait is remembered: until its weight is 1/e. */
const MEMORY_NANOS = 30e9
/** Until then any code may turn out to wait. */
const LEARNING_NANOS = 1e9
const MIN_SHARE_OF_BUSY = 0.03

/**
 * How often the CPU time is read. Each reading wakes the sampler thread. So it is read as often as
 * samples come only while there are waits to be told from work: samples in code for more time than the
 * thread was ready to run.
 */
export class ReadingPace {
  readonly #samplingIntervalNanos: number
  #lengthNanos = 0
  #busyNanos = 0
  #waitNanos = 0
  /** Of the busy time, as it is an estimate by samples. */
  #variance = 0

  constructor(samplingIntervalMicros: number) {
    this.#samplingIntervalNanos = samplingIntervalMicros * 1000
  }

  /** The time until the next reading. */
  get millis(): number {
    const learning = this.#lengthNanos < LEARNING_NANOS
    if (!learning && !this.#isWaiting()) return SLOW_MILLIS
    const intervalMillis = this.#samplingIntervalNanos / 1e6
    return Math.min(SLOW_MILLIS, Math.max(FASTEST_MILLIS, intervalMillis))
  }

  /** @param runnableNanos time in which the thread was on a CPU, or ready to run. */
  add({ startMicros, endMicros, samples }: Window, runnableNanos: number): void {
    const lengthNanos = (endMicros - startMicros) * 1000
    let busyNanos = 0
    let lastMicros = startMicros
    for (const { timeMicros, idle } of samples) {
      if (!idle) busyNanos += (timeMicros - lastMicros) * 1000
      lastMicros = timeMicros
    }
    const idleShare = samples.filter(({ idle }) => idle).length / Math.max(1, samples.length)
    const kept = Math.exp(-lengthNanos / MEMORY_NANOS)
    this.#lengthNanos = this.#lengthNanos * kept + lengthNanos
    this.#busyNanos = this.#busyNanos * kept + busyNanos
    this.#waitNanos = this.#waitNanos * kept + busyNanos - runnableNanos
    this.#variance = this.#variance * kept + busyNanos * idleShare * this.#samplingIntervalNanos
  }

  #isWaiting(): boolean {
    const noiseNanos = Math.sqrt(this.#variance)
    return this.#waitNanos > Math.max(noiseNanos, MIN_SHARE_OF_BUSY * this.#busyNanos)
  }
}
