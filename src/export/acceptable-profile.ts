import type { Frame, LabelPairs } from '../sample.js'
import { acceptableLabels, MAX_SERIES_LABELS } from './acceptable-labels.js'
import type { Profile } from './profile.js'
import { acceptableAppName, seriesName, tagValue } from './series-name.js'

/** Names and paths are cut to so many characters: a `data:` URL may be a whole program. */
const MAX_NAME_LENGTH = 2048

/** A profile with labels and names that a Pyroscope takes, and with its tags in the series' name. */
export interface AcceptableProfile {
  readonly series: string
  readonly profile: Profile
  /** Names and labels that are not what was given. */
  readonly changed: number
  /** Labels left out. */
  readonly dropped: number
}

export function acceptableProfile(profile: Profile): AcceptableProfile {
  const keysOfSamples = new Set(profile.labelSets.flatMap((pairs) => pairs.filter(isKey)))
  // A label of the series goes before one of a sample. So a tag that samples have too is theirs.
  const shared = pairsWhere(profile.tags, (key) => keysOfSamples.has(key))
  const given = pairsWhere(profile.tags, (key) => !keysOfSamples.has(key))
  const inName = given.map((text, i) => (isKey(text, i) ? text : tagValue(text)))
  const tags = acceptableLabels(inName)
  const room = MAX_SERIES_LABELS - tags.pairs.length / 2
  const labelSets = profile.labelSets.map((pairs) => {
    const keys = new Set(pairs.filter(isKey))
    return acceptableLabels([...pairsWhere(shared, (key) => !keys.has(key)), ...pairs], room)
  })
  const appName = acceptableAppName(profile.appName)
  const all = [tags, ...labelSets]
  return {
    series: seriesName(appName, tags.pairs),
    profile: {
      ...profile,
      tags: [],
      labelSets: labelSets.map(({ pairs }) => pairs),
      locations: profile.locations.map(({ frame, line }) => ({
        frame: withShortNames(frame),
        line,
      })),
    },
    changed:
      sum(all.map(({ changed }) => changed)) +
      inName.filter((text, i) => text !== given[i]).length +
      (appName === profile.appName.replace(/^@/, '') ? 0 : 1),
    dropped: sum(all.map(({ dropped }) => dropped)),
  }
}

function isKey(_: string, index: number): boolean {
  return index % 2 === 0
}

function pairsWhere(pairs: LabelPairs, holds: (key: string) => boolean): LabelPairs {
  return pairs.filter((_, i) => holds(pairs[i - (i % 2)] as string))
}

function withShortNames(frame: Frame): Frame {
  const { functionName, url } = frame
  if (functionName.length <= MAX_NAME_LENGTH && url.length <= MAX_NAME_LENGTH) return frame
  return {
    ...frame,
    functionName: functionName.slice(0, MAX_NAME_LENGTH),
    url: url.slice(0, MAX_NAME_LENGTH),
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
