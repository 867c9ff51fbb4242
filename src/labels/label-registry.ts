import { SpanprofError } from '../errors.js'
import { type LabelSet, type Labels, withPair } from './label-set.js'
import { cutToBytes, MAX_KEY_BYTES, MAX_VALUE_BYTES } from './label-text.js'

/** Pyroscope takes no more labels than this on a sample. Nested scopes could pile up any number. */
const MAX_LABELS = 100

/** As many sets are known at a time; values that are always new must not pile up. */
const MAX_KNOWN_SETS = 256
/** Longer texts are not kept in order to know them again. */
const MAX_KNOWN_LENGTH = 256

/** What could not be kept whole. */
export interface LabelCounters {
  /** Keys and values that were too long and have been cut. */
  labelsCut: number
  /** Labels over the number that fits on a sample. */
  labelsDropped: number
}

interface KnownSet extends LabelSet {
  /** The sets that one more label leads to, by its key and value, as long as the era lasts. */
  inner: Map<string, Map<string, KnownSet>> | undefined
  era: number
}

/**
 * Gives label sets, and equal ones as the same object: a request that brings the labels of the one
 * before then makes no garbage, and no switch. Objects of their own for 10,000 requests a second,
 * each held until its window is over, made V8's young generation grow by 30 MB.
 */
export class LabelRegistry {
  readonly counters: LabelCounters = { labelsCut: 0, labelsDropped: 0 }
  /** Sets that were not known before. */
  made = 0
  readonly #none: KnownSet = { pairs: [], version: 0, inner: undefined, era: 0 }
  #known = 0
  #era = 0

  /** The labels of an inner scope: its own over those around it. */
  nest(outer: LabelSet | undefined, labels: Labels): LabelSet {
    if (typeof labels !== 'object' || labels === null) {
      throw invalid(`labels must be an object, received ${describe(labels)}`)
    }
    // Every set was given by a registry.
    let set = (outer ?? this.#none) as KnownSet
    for (const key of Object.keys(labels)) set = this.#with(set, key, textOf(key, labels[key]))
    return set
  }

  #with(set: KnownSet, key: string, value: string): KnownSet {
    const known = set.era === this.#era ? set.inner?.get(key)?.get(value) : undefined
    return known ?? this.#add(set, key, value)
  }

  #add(set: KnownSet, key: string, value: string): KnownSet {
    if (key === '') throw invalid('a label key must not be empty')
    const cutKey = this.#cut(key, MAX_KEY_BYTES)
    const pairs = withPair(set.pairs, cutKey, this.#cut(value, MAX_VALUE_BYTES))
    if (pairs.length > 2 * MAX_LABELS) {
      this.counters.labelsDropped++
      return set
    }
    this.made++
    const added: KnownSet = { pairs, version: 0, inner: undefined, era: this.#era }
    if (key.length + value.length <= MAX_KNOWN_LENGTH) this.#remember(set, key, value, added)
    return added
  }

  #remember(set: KnownSet, key: string, value: string, added: KnownSet): void {
    if (this.#known++ >= MAX_KNOWN_SETS) {
      this.#known = 0
      this.#era++
    }
    if (set.era !== this.#era || set.inner === undefined) {
      set.inner = new Map()
      set.era = this.#era
    }
    const values = set.inner.get(key)
    if (values) values.set(value, added)
    else set.inner.set(key, new Map([[value, added]]))
  }

  #cut(text: string, maxBytes: number): string {
    const cut = cutToBytes(text, maxBytes)
    if (cut !== text) this.counters.labelsCut++
    return cut
  }
}

function textOf(key: string, value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  throw invalid(`label '${key}' must be a string or a number, received ${describe(value)}`)
}

function invalid(message: string): SpanprofError {
  return new SpanprofError('ERR_INVALID_LABEL', message)
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `the ${typeof value} ${String(value)}`
}
