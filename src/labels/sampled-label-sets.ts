import type { LabelSet } from './label-set.js'

interface SampledSet {
  readonly id: number
  /** That the sampler thread has; -1 for none yet. */
  sentVersion: number
  sampledAtMicros: number
}

/**
 * The label sets that samples have. The sampler thread gets an id in place of a set, and what the set
 * contains once and again whenever that has changed.
 */
export class SampledLabelSets {
  readonly #sets = new Map<LabelSet, SampledSet>()
  #nextId = 0

  /** @param timeMicros no sample with this set is later. */
  idOf(labels: LabelSet, timeMicros: number): number {
    let sampled = this.#sets.get(labels)
    if (sampled === undefined) {
      sampled = { id: this.#nextId++, sentVersion: -1, sampledAtMicros: timeMicros }
      this.#sets.set(labels, sampled)
    }
    sampled.sampledAtMicros = timeMicros
    return sampled.id
  }

  /** Those that are new or have changed since the last call. */
  changes(): [id: number, pairs: readonly string[]][] {
    const changes: [number, readonly string[]][] = []
    for (const [labels, sampled] of this.#sets) {
      const { version } = labels
      if (version === sampled.sentVersion) continue
      sampled.sentVersion = version
      changes.push([sampled.id, labels.pairs])
    }
    return changes
  }

  /** Forgets those that no sample since then has. @returns their ids. */
  forgetBefore(timeMicros: number): number[] {
    const forgotten: number[] = []
    for (const [labels, { id, sampledAtMicros }] of this.#sets) {
      if (sampledAtMicros >= timeMicros) continue
      this.#sets.delete(labels)
      forgotten.push(id)
    }
    return forgotten
  }
}
