/** Labels as a user gives them. A number counts as its decimal text; an empty value removes a label. */
export type Labels = Readonly<Record<string, string | number>>

/**
 * The labels in force somewhere. They may change after samples have got them: a running span is
 * renamed, a request's tenant becomes known.
 */
export interface LabelSet {
  /** `[key, value, key, value, …]`, each key once. */
  readonly pairs: readonly string[]
  /** Another number whenever `pairs` has changed. */
  readonly version: number
  /**
   * What is left of it for a sample of that time; all of it if this is left out.
   *
   * @param timeMicros on the clock of samples.
   */
  at?(timeMicros: number): LabelSet | undefined
}

/** Two label sets in force at once, as one. */
export interface MergedLabels {
  /** Sorted by key, so that equal sets look equal. */
  readonly pairs: readonly string[]
  /** Keys that both have. */
  readonly clashes: readonly string[]
}

/** @param stronger takes precedence over `weaker` where both have a key. */
export function merge(weaker: readonly string[], stronger: readonly string[]): MergedLabels {
  const merged = new Map(entries(weaker))
  const clashes: string[] = []
  for (const [key, value] of entries(stronger)) {
    if (merged.has(key)) clashes.push(key)
    merged.set(key, value)
  }
  const pairs = [...merged].sort(([a], [b]) => (a < b ? -1 : 1)).flat()
  return { pairs, clashes }
}

export function entries(pairs: readonly string[] = []): [key: string, value: string][] {
  const list: [string, string][] = []
  for (let i = 0; i < pairs.length; i += 2) {
    list.push([pairs[i] as string, pairs[i + 1] as string])
  }
  return list
}

/** These pairs with one label more, changed, or removed by an empty value. */
export function withPair(pairs: readonly string[], key: string, value: string): readonly string[] {
  for (let i = 0; i < pairs.length; i += 2) {
    if (pairs[i] !== key) continue
    return value === '' ? pairs.toSpliced(i, 2) : pairs.with(i + 1, value)
  }
  return value === '' ? pairs : [...pairs, key, value]
}
