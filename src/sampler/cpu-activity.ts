/** A count of CPU time that grows while the thread works. */
export interface ActivityReading {
  readonly timeMicros: number
  readonly nanos: number
}

/**
 * How much of a CPU the thread used at a moment.
 *
 * Between two readings only the average is known. Where work and waiting meet, an average is some of
 * both, so code that waits seems to work a little, and code beside it to wait. The averages are
 * therefore sharpened, as the edges in a picture are: the difference to the averages before and after
 * is added once more. Half of that makes up for the averages, the rest for samples and counts that come
 * late: a running thread's count by up to a tick of the kernel's clock. A single value is uncertain by
 * as much as itself, below 0 or above 1. Over several samples of the same code this evens out.
 */
export class CpuActivity {
  readonly #readings: readonly ActivityReading[]
  readonly #averages: readonly number[]

  /** @param readings in order of time. */
  constructor(readings: readonly ActivityReading[]) {
    this.#readings = readings
    this.#averages = readings.slice(1).map(({ timeMicros, nanos }, i) => {
      const before = readings[i] as ActivityReading
      return (nanos - before.nanos) / ((timeMicros - before.timeMicros) * 1000)
    })
  }

  /** @returns the share of a CPU: 1 for all the time. */
  at(timeMicros: number): number {
    const index = this.#averageAround(timeMicros)
    const average = this.#averages[index] ?? 0
    const before = this.#averages[index - 1] ?? average
    const after = this.#averages[index + 1] ?? average
    return average + (average - (before + after) / 2)
  }

  #averageAround(timeMicros: number): number {
    let from = 0
    let until = this.#averages.length
    while (until - from > 1) {
      const middle = (from + until) >> 1
      if ((this.#readings[middle]?.timeMicros ?? 0) <= timeMicros) from = middle
      else until = middle
    }
    return from
  }
}
