import type { LateText } from './label-set.js'
import { cleaned, cutToBytes, MAX_VALUE_BYTES } from './label-text.js'

interface KnownText {
  readonly id: number
  /** As the sampler thread knows it. */
  told: string | undefined
  usedAtMicros: number
}

/**
 * The texts that samples refer to and that may still change. The sampler thread gets an id in their
 * place, and hears what it stands for whenever that has changed.
 */
export class LateTexts {
  readonly #known = new Map<LateText, KnownText>()
  #nextId = 0

  /** @param timeMicros of the sample that refers to it. */
  idOf(late: LateText, timeMicros: number): number {
    let known = this.#known.get(late)
    if (known === undefined) {
      known = { id: this.#nextId++, told: undefined, usedAtMicros: timeMicros }
      this.#known.set(late, known)
    }
    known.usedAtMicros = timeMicros
    return known.id
  }

  /** Ids with their texts, of those that are new or have changed since the last call. */
  changes(): [id: number, text: string][] {
    const changes: [number, string][] = []
    for (const [late, known] of this.#known) {
      if (late.text === known.told) continue
      known.told = late.text
      changes.push([known.id, cutToBytes(cleaned(late.text), MAX_VALUE_BYTES)])
    }
    return changes
  }

  /** Lets go of those that no sample since then refers to. @returns their ids. */
  forgetBefore(timeMicros: number): number[] {
    const forgotten: number[] = []
    for (const [late, { id, usedAtMicros }] of this.#known) {
      if (usedAtMicros >= timeMicros) continue
      this.#known.delete(late)
      forgotten.push(id)
    }
    return forgotten
  }
}
