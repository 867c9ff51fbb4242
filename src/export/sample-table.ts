import { Interned } from './interned.js'
import type { FoldedSample } from './profile.js'

/** The samples of a profile: those of the same stack and label set are one, with their values' sums. */
export class SampleTable {
  readonly #samples = new Interned<FoldedSample & { readonly values: number[] }>(
    ({ stack, labelSet }) => `${stack},${labelSet}`,
  )

  add({ stack, labelSet, values }: FoldedSample): void {
    const index = this.#samples.indexOf({ stack, labelSet, values: values.map(() => 0) })
    const sums = this.#samples.items[index]?.values as number[]
    values.forEach((value, i) => {
      sums[i] = (sums[i] ?? 0) + value
    })
  }

  get samples(): readonly FoldedSample[] {
    return this.#samples.items
  }
}
