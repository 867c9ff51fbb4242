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
      next = this.#firstAfter(timeMicros, first)
      if (next > first) current = this.#inForceFrom(next - 1)
      return current
    })
  }

  /** Drops references that nothing asks for any more: all before the switch in force at a time. */
  forgetBefore(timeMicros: number): void {
    const held = this.#firstHeld()
    const oldest = Math.max(held, this.#firstAfter(timeMicros, held) - 1)
    this.#clear(held, oldest)
    this.#oldest = oldest
  }

  /** The first switch from `from` on that is later than a time; the next one to come if there is none. */
  #firstAfter(timeMicros: number, from: number): number {
    const nanos = BigInt(Math.floor(timeMicros * 1000))
    let low = from
    let high = this.#count
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if ((this.#timesNanos[middle & this.#mask] as bigint) <= nanos) low = middle + 1
      else high = middle
    }
    return low
  }

  #clear(from: number, until: number): void {
    const begin = from & this.#mask
    const end = begin + (until - from)
    for (const ring of [this.#own, this.#carried]) {
      ring.fill(undefined, begin, end)
      if (end > this.#capacity) ring.fill(undefined, 0, end - this.#capacity)
    }
  }

  /** All at once at its end, as the inspector may ask at any turn of the loop. */
  #grow(): void {
    const capacity = 2 * this.#capacity
    const mask = capacity - 1
    const times = new BigInt64Array(capacity)
    const own = emptyRing(capacity)
    const carried = emptyRing(capacity)
    for (let i = this.#oldest; i < this.#count; i++) {
      times[i & mask] = this.#timesNanos[i & this.#mask] as bigint
      own[i & mask] = this.#own[i & this.#mask]
      carried[i & mask] = this.#carried[i & this.#mask]
    }
    this.#mask = mask
    this.#timesNanos = times
    this.#own = own
    this.#carried = carried
  }

  #inForceFrom(switched: number): LabelsInForce {
    return { own: this.#own[switched & this.#mask], carried: this.#carried[switched & this.#mask] }
  }

  #firstHeld(): number {
    return Math.max(this.#oldest, this.#count - this.#capacity)
  }
}

function emptyRing(capacity: number): (LabelSet | undefined)[] {
  return new Array<LabelSet | undefined>(capacity).fill(undefined)
}
