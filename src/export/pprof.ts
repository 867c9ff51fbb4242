import { gzipSync } from 'node:zlib'
import * as pprof from 'pprof-format'
import type { LabelPairs } from '../sample.js'
import { VERSION } from '../version.js'
import { filePath } from './file-path.js'
import { functionName } from './function-name.js'
import { canonicalOrder } from './order.js'
import type { Profile } from './profile.js'
import type { ValueType } from './profile-type.js'
import { truncatedSamples } from './truncated-stacks.js'

/** The one mapping: it says that everything is symbolized, so that tools look for no binary. */
const MAPPING_ID = 1

/**
 * A profile in pprof's format
 * (https://github.com/google/pprof/blob/813a5fbdbec8/proto/profile.proto). Equal profiles give equal
 * bytes, in whatever order their samples came.
 *
 * @param nameOf what functions are called.
 */
export function toPprof(profile: Profile, nameOf = functionName): pprof.Profile {
  const ordered = canonicalOrder(profile)
  const strings = new pprof.StringTable()
  const text = (value: string) => strings.dedup(value)
  const valueType = ({ type, unit }: ValueType) =>
    new pprof.ValueType({ type: text(type), unit: text(unit) })
  const { sampleTypes, periodType } = profile.type

  const functions = ordered.frames.map(
    (frame, index) =>
      new pprof.Function({
        id: index + 1,
        name: text(nameOf(frame)),
        systemName: text(frame.functionName),
        filename: text(frame.fileStripped ? '' : filePath(frame.url)),
        startLine: frame.line,
      }),
  )
  const locations = ordered.locations.map(
    ({ frame, line }, index) =>
      new pprof.Location({
        id: index + 1,
        mappingId: MAPPING_ID,
        line: [new pprof.Line({ functionId: frame + 1, line })],
      }),
  )
  const labels = ordered.labelSets.map((pairs) =>
    sortedEntries([...profile.tags, ...pairs]).map(
      ([key, value]) => new pprof.Label({ key: text(key), str: text(value) }),
    ),
  )
  const valuesOfTypes = sampleTypes.map((_, type) =>
    wholeNumbers(ordered.samples.map(({ values }) => values[type] ?? 0)),
  )
  const samples = ordered.samples.map(
    ({ stack, labelSet }, index) =>
      new pprof.Sample({
        locationId: ordered.locationIdsOf(stack),
        value: valuesOfTypes.map((values) => values[index] ?? 0),
        label: labels[labelSet] ?? [],
      }),
  )
  return new pprof.Profile({
    sampleType: sampleTypes.map(valueType),
    sample: samples,
    mapping: [
      new pprof.Mapping({
        id: MAPPING_ID,
        filename: text(profile.appName),
        hasFunctions: true,
        hasFilenames: true,
        hasLineNumbers: true,
      }),
    ],
    location: locations,
    function: functions,
    stringTable: strings,
    timeNanos: BigInt(Math.round(profile.startTimeMillis * 1000)) * 1000n,
    durationNanos: Math.round(profile.durationNanos),
    periodType: valueType(periodType),
    period: profile.period,
    comment: comments(profile).map(text),
    defaultSampleType: text(sampleTypes.at(-1)?.type ?? ''),
  })
}

/** What a reader needs and the format has no field for; `go tool pprof -comments` shows it. */
function comments(profile: Profile): string[] {
  return [
    `spanprof ${VERSION}`,
    `Node.js ${process.version}`,
    `truncated stacks: ${truncatedSamples(profile)}`,
  ]
}

/**
 * The bytes of a `.pb.gz` file. Compressed in place: the thread pool belongs to the app, and this
 * runs where nobody waits.
 */
export function encodePprof(profile: Profile, nameOf = functionName): Uint8Array {
  return gzipSync(toPprof(profile, nameOf).encode())
}

/** Each key once; the last one wins, so a sample's own label does over a tag of the app. */
function sortedEntries(pairs: LabelPairs): [string, string][] {
  const entries = new Map<string, string>()
  for (let i = 0; i < pairs.length; i += 2) {
    entries.set(pairs[i] as string, pairs[i + 1] as string)
  }
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Rounds so that the sum stays what it was. */
function wholeNumbers(values: readonly number[]): number[] {
  let exact = 0
  let given = 0
  return values.map((value) => {
    exact += value
    const whole = Math.round(exact) - given
    given += whole
    return whole
  })
}
