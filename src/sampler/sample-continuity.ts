import type { V8HeapSample } from './v8-heap-profile.js'

/**
 * Tells whether what is read is still what we have V8 sample. V8 counts its samples from one for each
 * start, so a sample from before the last reading was in that, unless somebody has started V8's sampler
 * anew since. And no sample stands for less than the interval (V8 scales an object of `s` bytes to
 * `s / (1 - exp(-s / interval))`, over `interval + s / 2`, and rounds that to multiples of `s`), unless
 * theirs is smaller. Not noticed: who does so before the first reading, with no smaller interval.
 */
export class SampleContinuity {
  readonly #leastBytes: number
  #known = new Map<number, V8HeapSample>()
  #lastOrdinal = 0

  constructor(intervalBytes: number) {
    this.#leastBytes = 0.99 * intervalBytes
  }

  /** @returns whether these samples are of the same start as the last ones. */
  goesOn(samples: readonly V8HeapSample[]): boolean {
    if (!samples.every((sample) => this.#isNewOrKnown(sample))) return false
    this.#known = new Map(samples.map((sample) => [sample.ordinal, sample]))
    for (const { ordinal } of samples) this.#lastOrdinal = Math.max(this.#lastOrdinal, ordinal)
    return true
  }

  #isNewOrKnown({ ordinal, nodeId, size }: V8HeapSample): boolean {
    if (size < this.#leastBytes) return false
    if (ordinal > this.#lastOrdinal) return true
    const known = this.#known.get(ordinal)
    return known?.nodeId === nodeId && known.size === size
  }
}
