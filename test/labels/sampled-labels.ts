import type { LabelAgent } from '../../src/labels/agent.ts'
import { entries, merge } from '../../src/labels/label-set.ts'

export type SampledLabels = Record<string, string> | undefined | 'lost'

/** Reads an agent's answers as the sampler thread does: by ids, of which it remembers the sets. */
export class SampledLabelsReader {
  readonly #agent: LabelAgent
  readonly #sets = new Map<number, readonly string[]>()

  constructor(agent: LabelAgent) {
    this.#agent = agent
  }

  /** The labels of samples taken at these times. */
  at(timesMicros: readonly number[], endMicros = timesMicros.at(-1) ?? 0): SampledLabels[] {
    const { labelsOfSample, combinations, changedSets } = this.#agent.labelsAt(
      timesMicros,
      endMicros,
      endMicros,
    )
    for (const [id, pairs] of changedSets) this.#sets.set(id, pairs)
    return labelsOfSample.map((index) => {
      if (index === -2) return 'lost'
      const combination = combinations[index]
      return combination && this.#merged(combination)
    })
  }

  #merged([own, carried]: readonly [number, number]): Record<string, string> {
    const pairs = (id: number) => this.#sets.get(id) ?? []
    return Object.fromEntries(entries(merge(pairs(own), pairs(carried)).pairs))
  }
}
