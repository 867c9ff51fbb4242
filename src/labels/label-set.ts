import { SpanprofError } from '../errors.js'

/** Labels as a user gives them. A number counts as its decimal text; an empty value removes a label. */
export type Labels = Readonly<Record<string, string | number>>

/** The longest key that Pyroscope takes, in bytes of UTF-8 (`validation.max-label-name-length`). */
const MAX_KEY_BYTES = 1024
/** The longest value that Pyroscope takes, likewise (`validation.max-label-value-length`). */
const MAX_VALUE_BYTES = 2048
/** Pyroscope takes no more labels than this on a sample. Nested scopes could pile up any number. */
const MAX_LABELS = 100

/** The labels in force somewhere: `[key, value, key, value, …]`, each key once. */
export interface LabelSet {
  readonly pairs: readonly string[]
}

/** What could not be kept whole. */
export interface LabelCounters {
  /** Keys and values that were too long and have been cut. */
  labelsCut: number
  /** Labels over the number that fits on a sample. */
  labelsDropped: number
}

/**
 * The labels of an inner scope: its own over those around it. The sets are flat: a chain of outer
 * sets would grow without end where each scope is opened inside the one before.
 */
export function nestLabels(
  outer: LabelSet | undefined,
  labels: Labels,
  counters: LabelCounters,
): LabelSet {
  if (typeof labels !== 'object' || labels === null) {
    throw invalid(`labels must be an object, received ${describe(labels)}`)
  }
  const pairs = outer === undefined ? [] : outer.pairs.slice()
  for (const key of Object.keys(labels)) {
    setLabel(pairs, checkedKey(key, counters), checkedValue(key, labels[key], counters), counters)
  }
  return { pairs }
}

/** Sorted by key, so that equal sets look equal. */
export function sortedPairs({ pairs }: LabelSet): string[] {
  const keys: number[] = []
  for (let i = 0; i < pairs.length; i += 2) keys.push(i)
  keys.sort((a, b) => ((pairs[a] as string) < (pairs[b] as string) ? -1 : 1))
  return keys.flatMap((i) => [pairs[i] as string, pairs[i + 1] as string])
}

function setLabel(pairs: string[], key: string, value: string, counters: LabelCounters): void {
  for (let i = 0; i < pairs.length; i += 2) {
    if (pairs[i] !== key) continue
    if (value === '') pairs.splice(i, 2)
    else pairs[i + 1] = value
    return
  }
  if (value === '') return
  if (pairs.length >= 2 * MAX_LABELS) counters.labelsDropped++
  else pairs.push(key, value)
}

function checkedKey(key: string, counters: LabelCounters): string {
  if (key === '') throw invalid('a label key must not be empty')
  return cut(key, MAX_KEY_BYTES, counters)
}

function checkedValue(key: string, value: unknown, counters: LabelCounters): string {
  if (typeof value === 'string') return cut(value, MAX_VALUE_BYTES, counters)
  if (typeof value === 'number') return String(value)
  throw invalid(`label '${key}' must be a string or a number, received ${describe(value)}`)
}

/** Cuts at a character's edge. Lone surrogates become U+FFFD, as there is no UTF-8 for them. */
function cut(text: string, maxBytes: number, counters: LabelCounters): string {
  // No UTF-16 unit takes more than three bytes of UTF-8: nearly every text ends here.
  if (text.length * 3 <= maxBytes) return text
  const bytes = Buffer.from(text.slice(0, maxBytes), 'utf8')
  if (text.length <= maxBytes && bytes.length <= maxBytes) return text
  counters.labelsCut++
  let end = maxBytes
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end-- // Inside a character.
  return bytes.toString('utf8', 0, end)
}

function invalid(message: string): SpanprofError {
  return new SpanprofError('ERR_INVALID_LABEL', message)
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `the ${typeof value} ${String(value)}`
}
