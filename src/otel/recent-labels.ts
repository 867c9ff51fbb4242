import type { LabelSet } from '../labels/agent.js'

/** The labels of a place: of a context, or of a store that stands for one. */
export interface PlaceLabels {
  readonly place: unknown
  readonly labels: LabelSet | undefined
}

/**
 * The labels of the last two places. Most questions are about the same place again, or about the one
 * around it. What is found is returned as one object, as the inspector may have all of this cleared in
 * between two calls.
 */
export class RecentLabels {
  #last: PlaceLabels = NOWHERE
  #before: PlaceLabels = NOWHERE

  find(place: unknown): PlaceLabels | undefined {
    const last = this.#last
    if (place === last.place) return last
    const before = this.#before
    if (place !== before.place) return undefined
    this.#before = last
    this.#last = before
    return before
  }

  add(place: unknown, labels: LabelSet | undefined): LabelSet | undefined {
    this.#before = this.#last
    this.#last = { place, labels }
    return labels
  }

  clear(): void {
    this.#last = NOWHERE
    this.#before = NOWHERE
  }
}

const NOWHERE: PlaceLabels = { place: undefined, labels: undefined }
