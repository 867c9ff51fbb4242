import { cleaned, cutToBytes, MAX_KEY_BYTES, MAX_VALUE_BYTES } from '../../labels/label-text.js'
import type { LabelPairs } from '../../sample.js'

/**
 * Names of one series (`validation.max-label-names-per-series`), less the four that the server adds:
 * `__name__`, `__delta__`, `pyroscope_spy`, `service_name`.
 */
export const MAX_SERIES_LABELS = 30 - 4

/** The name of the profiled app, which the server takes from the upload's own where there is none. */
export const SERVICE_NAME = 'service_name'
/** Adds itself to each series, and refuses a second one. */
const SPY_NAME = 'pyroscope_spy'

/** Ids of spans and traces have one form only. They are kept out of the series. */
const IDS: Readonly<Record<string, RegExp>> = {
  span_id: /^[\da-f]{16}$/i,
  profile_id: /^[\da-f]{16}$/i,
  trace_id: /^[\da-f]{32}$/i,
}

/** Labels that a Pyroscope is sure to take: for one that it does not it refuses the whole profile. */
export interface AcceptableLabels {
  readonly pairs: LabelPairs
  /** Labels whose key or value is not what was given. */
  readonly changed: number
  /** Labels left out. */
  readonly dropped: number
}

/** Labels of the series itself. */
export function acceptableTags(given: LabelPairs): AcceptableLabels {
  return acceptableLabels(given, MAX_SERIES_LABELS, [SPY_NAME])
}

/**
 * Labels of a sample, which make a series of their own.
 *
 * @param tags of the series already.
 */
export function acceptableSampleLabels(given: LabelPairs, tags: LabelPairs): AcceptableLabels {
  return acceptableLabels(given, MAX_SERIES_LABELS - tags.length / 2, [SPY_NAME, SERVICE_NAME])
}

/** The name that the server compares labels by: it may write dots as underscores. */
export function comparedName(key: string): string {
  return acceptableKey(key).replaceAll('.', '_')
}

/** @param room how many labels the series may still get. */
function acceptableLabels(
  given: LabelPairs,
  room: number,
  reserved: readonly string[],
): AcceptableLabels {
  const pairs: string[] = []
  const names = new Set(reserved)
  let inSeries = 0
  let changed = 0
  let dropped = 0
  for (let i = 0; i < given.length; i += 2) {
    const key = acceptableKey(given[i] as string)
    const value = cutToBytes(cleaned(given[i + 1] as string), MAX_VALUE_BYTES)
    if (value === '') continue // Which is what no label means.
    const name = comparedName(key) // Of two labels of one name the server refuses both.
    const id = IDS[key]
    if (names.has(name) || (id === undefined ? inSeries >= room : !id.test(value))) {
      dropped++
      continue
    }
    names.add(name)
    pairs.push(key, value)
    if (id === undefined) inSeries++
    if (key !== given[i] || value !== given[i + 1]) changed++
  }
  return { pairs, changed, dropped }
}

/** Letters, digits, underscores and dots; no digit first, and no name that is the server's own. */
function acceptableKey(key: string): string {
  const plain = key.replace(/[^A-Za-z0-9_.]/g, '_').replace(/^(?=\d)/, '_')
  return cutToBytes(plain.replace(/^__+/, '_'), MAX_KEY_BYTES)
}
