/** Labels as a user gives them. A number counts as its decimal text; an empty value removes a label. */
export type Labels = Readonly<Record<string, string | number>>

/** The labels in force somewhere: `[key, value, key, value, …]`, each key once. */
export interface LabelSet {
  readonly pairs: readonly string[]
}

/** Sorted by key, so that equal sets look equal. */
export function sortedPairs({ pairs }: LabelSet): string[] {
  const keys: number[] = []
  for (let i = 0; i < pairs.length; i += 2) keys.push(i)
  keys.sort((a, b) => ((pairs[a] as string) < (pairs[b] as string) ? -1 : 1))
  return keys.flatMap((i) => [pairs[i] as string, pairs[i + 1] as string])
}

/** These pairs with one label more, changed, or removed by an empty value. */
export function withPair(pairs: readonly string[], key: string, value: string): readonly string[] {
  for (let i = 0; i < pairs.length; i += 2) {
    if (pairs[i] !== key) continue
    return value === '' ? pairs.toSpliced(i, 2) : pairs.with(i + 1, value)
  }
  return value === '' ? pairs : [...pairs, key, value]
}
