import type { LabelSet } from './label-set.js'

/** Enough for a second of 131,000 switches; a power of two, so that an index is a mask away. */
const CAPACITY = 1 << 17
const MASK = CAPACITY - 1

/** The label sets in force at a time: one that `withLabels` made, and one that a context carries. */
export interface LabelsInForce {
  readonly own: LabelSet | undefined
  readonly carried: LabelSet | undefined
}

/** What was in force at a time; `lost` where that is no longer known. */
export type LabelsAt = LabelsInForce | 'lost'

const NOTHING: LabelsInForce = { own: undefined, carried: undefined }

/**
 * When which labels came into force: a ring of the last switches. A full ring forgets the oldest
 * ones, and says so when asked about that time.
 */
export class LabelTimeline {
  readonly #timesMicros = new Float64Array(CAPACITY)
  readonly #own = new Array<LabelSet | undefined>(CAPACITY).fill(undefined)
  readonly #carried = new Array<LabelSet | undefined>(CAPACITY).fill(undefined)
  /** Switches ever recorded; the next one goes to `#count & MASK`. */
  #count = 0
  /** The oldest switch that is still held. */
  #oldest = 0

  /** Called at every switch of labels, so that nothing here may allocate. */
  record(timeMicros: number, own: LabelSet | undefined, carried: LabelSet | undefined): void {
    const index = this.#count++ & MASK
    this.#timesMicros[index] = timeMicros
    this.#own[index] = own
    this.#carried[index] = carried
  }

  get switches(): number {
    return this.#count
  }

  /** @param timesMicros in ascending order. */
  at(timesMicros: readonly number[]): LabelsAt[] {
    let next = this.#firstHeld()
    const overflown = next > this.#oldest
    let current: LabelsAt = overflown ? 'lost' : NOTHING
    return timesMicros.map((timeMicros) => {
      const first = next
      while (next < this.#count && this.#timeOf(next) <= timeMicros) next++
      if (next > first) current = this.#inForceFrom(next - 1)
      return current
    })
  }

  /** Lets go of what nobody will ask for any more: all before the switch in force at a time. */
  forgetBefore(timeMicros: number): void {
    let oldest = this.#firstHeld()
    while (oldest + 1 < this.#count && this.#timeOf(oldest + 1) <= timeMicros) {
      this.#own[oldest & MASK] = undefined
      this.#carried[oldest & MASK] = undefined
      oldest++
    }
    this.#oldest = oldest
  }

  #inForceFrom(switched: number): LabelsInForce {
    return { own: this.#own[switched & MASK], carried: this.#carried[switched & MASK] }
  }

  #firstHeld(): number {
    return Math.max(this.#oldest, this.#count - CAPACITY)
  }

  #timeOf(index: number): number {
    return this.#timesMicros[index & MASK] as number
  }
}
