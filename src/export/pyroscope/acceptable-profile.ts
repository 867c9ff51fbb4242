import type { Frame, LabelPairs } from '../../sample.js'
import type { Profile } from '../profile.js'
import {
  acceptableSampleLabels,
  acceptableTags,
  comparedName,
  SERVICE_NAME,
} from './acceptable-labels.js'
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
  const appName = acceptableAppName(profile.appName)
  const all = withServiceName(profile, appName)
  const ofSamples = namesIn(profile.labelSets.flat())
  // A label of the series goes before one of a sample. So a tag that samples have too is theirs.
  const isShared = (key: string) => key !== SERVICE_NAME && ofSamples.has(comparedName(key))
  const shared = pairsWhere(all, isShared)
  const given = pairsWhere(all, (key) => !isShared(key))
  const inName = given.map((text, i) => (isKey(text, i) ? text : tagValue(text)))
  const tags = acceptableTags(inName)
  const labelSets = profile.labelSets.map((pairs) => {
    return acceptableSampleLabels([...missingIn(pairs, shared), ...pairs], tags.pairs)
  })
  const checked = [tags, ...labelSets]
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
      sum(checked.map(({ changed }) => changed)) +
      inName.filter((text, i) => text !== given[i]).length,
    dropped: sum(checked.map(({ dropped }) => dropped)),
  }
}

/**
 * The tags, with the app's name where the series' own name cannot be that: as a label it is found by
 * what OpenTelemetry calls the service, an npm scope included.
 */
function withServiceName({ appName, tags }: Profile, acceptable: string): LabelPairs {
  if (appName === acceptable || namesIn(tags).has(SERVICE_NAME)) return tags
  return [...tags, SERVICE_NAME, appName]
}

/** Of the tags that samples share, those that these labels do not have. */
function missingIn(pairs: LabelPairs, shared: LabelPairs): LabelPairs {
  if (shared.length === 0) return shared // As nearly always; and there may be 16,000 label sets.
  const names = namesIn(pairs)
  return pairsWhere(shared, (key) => !names.has(comparedName(key)))
}

function namesIn(pairs: LabelPairs): Set<string> {
  return new Set([...new Set(pairs.filter(isKey))].map(comparedName))
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
