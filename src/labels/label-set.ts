/** Labels as a user gives them. A number counts as its decimal text; an empty value removes a label. */
export type Labels = Readonly<Record<string, string | number>>

/** A value that may still change after samples have got it, as the name of a running span does. */
export interface LateText {
  readonly text: string
}

export type LabelValue = string | LateText

/** The labels in force somewhere: `[key, value, key, value, …]`, each key once. Keys are strings. */
export interface LabelSet {
  readonly pairs: readonly LabelValue[]
}

/** Two label sets in force at once, as one. */
export interface MergedLabels {
  /** Sorted by key, so that equal sets look equal. */
  readonly pairs: readonly (readonly [key: string, value: LabelValue])[]
  /** Keys that both have. */
  readonly clashes: readonly string[]
}

/** @param stronger goes before `weaker` where both have a key. */
export function merge(weaker: LabelSet | undefined, stronger: LabelSet | undefined): MergedLabels {
  const merged = new Map(entries(weaker))
  const clashes: string[] = []
  for (const [key, value] of entries(stronger)) {
    if (merged.has(key)) clashes.push(key)
    merged.set(key, value)
  }
  return { pairs: [...merged].sort(([a], [b]) => (a < b ? -1 : 1)), clashes }
}

export function entries({ pairs }: LabelSet = { pairs: [] }): [string, LabelValue][] {
  const list: [string, LabelValue][] = []
  for (let i = 0; i < pairs.length; i += 2) {
    list.push([pairs[i] as string, pairs[i + 1] as LabelValue])
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
