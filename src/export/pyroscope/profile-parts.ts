import type { Profile } from '../profile.js'
import { NO_PARENT, StackTable } from '../stack-table.js'

/** `validation.max-profile-stacktrace-samples` */
const MAX_SAMPLES = 16_000
/**
 * A Pyroscope takes at most 2 MiB at once (`distributor.ingestion-burst-size-mb`), uncompressed and
 * with the series' labels, for which there is room left. Its limit for a profile is twice that.
 */
export const MAX_BYTES = 2 * 2 ** 20 - 128 * 1024

/** What the parts of a profile that has no duration are spread over. */
const SPREAD_MILLIS = 256

/** A profile, or a part of one, with its bytes. */
export interface EncodedPart {
  readonly part: Profile
  readonly bytes: Uint8Array
}

/**
 * A profile as several, none of which is too large; one that is has a single sample. Each has some of
 * the samples and as large a share of the time, as a server may take two profiles of one series and
 * one time for the same one. Those of a moment are some milliseconds apart.
 */
export function encodedParts(
  profile: Profile,
  encode: (part: Profile) => Uint8Array,
  spreadMillis = profile.durationNanos / 1e6 || SPREAD_MILLIS,
): EncodedPart[] {
  const { samples } = profile
  if (samples.length <= MAX_SAMPLES) {
    const bytes = encode(profile)
    if (bytes.length <= MAX_BYTES || samples.length < 2) return [{ part: profile, bytes }]
  }
  const halfMillis = spreadMillis / 2
  return halves(profile, halfMillis).flatMap((half) => encodedParts(half, encode, halfMillis))
}

function halves(profile: Profile, halfMillis: number): Profile[] {
  // Samples of one label set stay together, as each set is a series of its own.
  const samples = profile.samples.toSorted((a, b) => a.labelSet - b.labelSet)
  const middle = Math.ceil(samples.length / 2)
  const durationNanos = profile.durationNanos / 2
  const startTimeMillis = profile.startTimeMillis + halfMillis
  return [
    ofSamples({ ...profile, durationNanos }, samples.slice(0, middle)),
    ofSamples({ ...profile, durationNanos, startTimeMillis }, samples.slice(middle)),
  ]
}

/** With only the stacks, locations and label sets that these samples need. */
function ofSamples(profile: Profile, samples: Profile['samples']): Profile {
  const table = new StackTable()
  const stacks = new Map([[NO_PARENT, NO_PARENT]])
  const keep = (stack: number): number => {
    const known = stacks.get(stack)
    if (known !== undefined) return known
    const { location, parent } = profile.stacks[stack] as Profile['stacks'][number]
    const { frame, line } = profile.locations[location] as Profile['locations'][number]
    const kept = table.push(frame, line, keep(parent))
    stacks.set(stack, kept)
    return kept
  }
  const labelSets = [...new Set(samples.map(({ labelSet }) => labelSet))]
  const labelSetIndexes = new Map(labelSets.map((labelSet, index) => [labelSet, index]))
  const kept = samples.map((sample) => ({
    ...sample,
    stack: keep(sample.stack),
    labelSet: labelSetIndexes.get(sample.labelSet) ?? 0,
  }))
  return {
    ...profile,
    samples: kept,
    labelSets: labelSets.map((labelSet) => profile.labelSets[labelSet] ?? []),
    locations: table.locations,
    stacks: table.stacks,
  }
}
