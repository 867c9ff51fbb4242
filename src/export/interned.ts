/** A table in which equal items stand once. */
export class Interned<T> {
  readonly items: T[] = []
  readonly #indexes = new Map<string, number>()
  readonly #keyOf: (item: T) => string

  constructor(keyOf: (item: T) => string) {
    this.#keyOf = keyOf
  }

  indexOf(item: T): number {
    const key = this.#keyOf(item)
    const known = this.#indexes.get(key)
    if (known !== undefined) return known
    const index = this.items.push(item) - 1
    this.#indexes.set(key, index)
    return index
  }
}
