import type { LabelSet } from '../labels/agent.js'

/**
 * The labels of the last two places: contexts, or stores that stand for one. Most questions are about
 * the same place again, or about the one around it.
 */
export class RecentLabels {
  #place: unknown
  #labels: LabelSet | undefined
  #placeBefore: unknown
  #labelsBefore: LabelSet | undefined

  /** Whether `labels` are those of this place. No place has none. */
  has(place: unknown): boolean {
    if (place === this.#place) return true
    if (place !== this.#placeBefore) return false
    this.add(place, this.#labelsBefore)
    return true
  }

  get labels(): LabelSet | undefined {
    return this.#labels
  }

  add(place: unknown, labels: LabelSet | undefined): void {
    this.#placeBefore = this.#place
    this.#labelsBefore = this.#labels
    this.#place = place
    this.#labels = labels
  }

  clear(): void {
    this.add(undefined, undefined)
    this.add(undefined, undefined)
  }
}
