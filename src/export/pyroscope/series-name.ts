import { entries } from '../../labels/label-set.js'
import { cutToBytes, MAX_VALUE_BYTES } from '../../labels/label-text.js'
import type { LabelPairs } from '../../sample.js'

/**
 * App and tags as the `name` of an upload, `app{key=value,key=value}`
 * (https://github.com/grafana/pyroscope/blob/3fe6a457a320/api/model/labelset/labelset.go).
 *
 * @param app as {@link acceptableAppName} gives it.
 * @param tags with keys that are acceptable, and values that {@link tagValue} gives.
 */
export function seriesName(app: string, tags: LabelPairs): string {
  const pairs = entries(tags).map((pair) => pair.join('='))
  return `${app}{${pairs.join(',')}}`
}

/** The at sign of an npm scope goes: `@acme/cart` is `acme/cart`. */
export function acceptableAppName(appName: string): string {
  const plain = appName
    .trim()
    .replace(/^@/, '')
    .replace(/[^A-Za-z0-9_./-]/g, '_')
  return cutToBytes(plain, MAX_VALUE_BYTES) || 'node'
}

/** There are neither quotes nor escapes, so what would end a value early is replaced. */
export function tagValue(value: string): string {
  return value.replace(/[{},=\p{Cc}]/gu, '_').trim()
}
