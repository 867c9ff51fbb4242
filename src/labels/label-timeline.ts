import type { LabelSet } from './label-set.js'

/**
 * Kept here, as tests of the app may replace it by a fake. Stored as a 64-bit integer it allocates
 * nothing, and takes 26 ns where `hrtime()` takes 37.
 */
const { bigint } = process.hrtime

/** Powers of two, so that an index is a mask away: for a second of 32,000 switches, and of 262,000. */
const FIRST_CAPACITY = 1 << 15
const MAX_CAPACITY = 1 << 18

/** The label sets in force at a time: one that `withLabels` made, and one that a context carries. */
export interface LabelsInForce {
  readonly own: LabelSet | undefined
  readonly carried: LabelSet | undefined
}

/** What was in force at a time; `lost` where that is no longer known. */
export type LabelsAt = LabelsInForce | 'lost'

const NOTHING: LabelsInForce = { own: undefined, carried: undefined }

/**
 * When which labels came into force: a ring of the last switches. It grows with them; one that may not
 * grow any more forgets the oldest ones, and says so when asked about that time.
 */
export class LabelTimeline {
  #mask = FIRST_CAPACITY - 1
  #timesNanos = new BigInt64Array(FIRST_CAPACITY)
  #own = emptyRing(FIRST_CAPACITY)
  #carried = emptyRing(FIRST_CAPACITY)
  /** Switches ever recorded; the next one goes to `#count & #mask`. */
  #count = 0
  /** The oldest switch that is still held. */
  #oldest = 0

  readonly #now: () => bigint

  /** @param now the clock of V8's samples, in nanoseconds. */
  constructor(now: () => bigint = bigint) {
    this.#now = now
  }

  /**
   * These labels are in force from now on. Called at every switch: allocates nothing but a larger ring.
   * The inspector may ask at any call in here, so the switch counts only when it is complete.
   */
  record(own: LabelSet | undefined, carried: LabelSet | undefined): void {
    // With its fraction of a microsecond: V8 cuts sample times down to whole ones. It takes them some
    // microseconds after a switch that came before; a switch that comes after may follow in the same
    // microsecond, and has to be the later one.
    const nowNanos = this.#now()
    const isFull = this.#count - this.#oldest > this.#mask
    if (isFull && this.#capacity < MAX_CAPACITY) this.#grow()
    const index = this.#count & this.#mask
    this.#timesNanos[index] = nowNanos
    // Every other switch is to none, which is there already. A store costs more than a look.
    if (this.#own[index] !== own) this.#own[index] = own
    if (this.#carried[index] !== carried) this.#carried[index] = carried
    this.#count++
  }

  get #capacity(): number {
    return this.#mask + 1
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
      this.#own[oldest & this.#mask] = undefined
      this.#carried[oldest & this.#mask] = undefined
      oldest++
    }
    this.#oldest = oldest
  }

  #grow(): void {
    const times = this.#timesNanos
    const own = this.#own
    const carried = this.#carried
    const oldMask = this.#mask
    const capacity = 2 * this.#capacity
    this.#mask = capacity - 1
    this.#timesNanos = new BigInt64Array(capacity)
    this.#own = emptyRing(capacity)
    this.#carried = emptyRing(capacity)
    for (let i = this.#oldest; i < this.#count; i++) {
      this.#timesNanos[i & this.#mask] = times[i & oldMask] as bigint
      this.#own[i & this.#mask] = own[i & oldMask]
      this.#carried[i & this.#mask] = carried[i & oldMask]
    }
  }

  #inForceFrom(switched: number): LabelsInForce {
    return { own: this.#own[switched & this.#mask], carried: this.#carried[switched & this.#mask] }
  }

  #firstHeld(): number {
    return Math.max(this.#oldest, this.#count - this.#capacity)
  }

  /** In microseconds, with their fraction. */
  #timeOf(index: number): number {
    return Number(this.#timesNanos[index & this.#mask]) / 1000
  }
}

function emptyRing(capacity: number): (LabelSet | undefined)[] {
  return new Array<LabelSet | undefined>(capacity).fill(undefined)
}
