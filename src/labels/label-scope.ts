import type { LabelSet } from './label-set.js'

/**
 * One call of `withLabels`, with the labels that are in force in it. All that was started in it refers
 * to it, so that a label that is added later reaches all of that.
 */
export class LabelScope implements LabelSet {
  /** Equal labels are the same object here. */
  labels: LabelSet
  version = 0

  constructor(labels: LabelSet) {
    this.labels = labels
  }

  get pairs(): readonly string[] {
    return this.labels.pairs
  }

  replace(labels: LabelSet): void {
    this.labels = labels
    this.version++
  }
}
