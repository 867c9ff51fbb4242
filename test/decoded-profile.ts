import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import protobuf from 'protobufjs'

/** One pprof sample with every index looked up. */
export interface DecodedSample {
  /** Function names, the innermost first. */
  readonly stack: readonly string[]
  readonly locations: readonly DecodedLocation[]
  readonly labels: Readonly<Record<string, string>>
  /** By sample type, such as `inuse_space`. */
  readonly values: Readonly<Record<string, number>>
  /** The first value. */
  readonly count: number
  /** The second value. */
  readonly cpuNanos: number
}

export interface DecodedLocation {
  readonly name: string
  readonly systemName: string
  readonly file: string
  readonly startLine: number
  readonly line: number
}

export interface DecodedProfile {
  readonly sampleTypes: readonly string[]
  readonly periodType: string
  readonly period: number
  readonly timeNanos: bigint
  readonly durationNanos: number
  readonly defaultSampleType: string
  readonly binary: string
  readonly strings: readonly string[]
  readonly comments: readonly string[]
  readonly samples: readonly DecodedSample[]
}

interface Message {
  [field: string]: never
}

const proto = protobuf.loadSync(fileURLToPath(new URL('../proto/profile.proto', import.meta.url)))
const ProfileMessage = proto.lookupType('perftools.profiles.Profile')

/** Decodes with protobufjs: a decoder that knows nothing of the encoder under test. */
export function decodeProfile(bytes: Uint8Array): DecodedProfile {
  const message = ProfileMessage.toObject(ProfileMessage.decode(gunzipSync(bytes)), {
    longs: String,
    defaults: true,
    arrays: true,
    objects: true,
  }) as Message & Record<string, unknown[]>
  const list = (name: string) => message[name] as unknown as Record<string, string>[]
  const strings = message.stringTable as unknown as string[]
  const text = (index: unknown) => strings[Number(index)] as string
  const type = (value: Record<string, string>) => `${text(value.type)}/${text(value.unit)}`
  const functions = new Map(list('function').map((fn) => [fn.id, fn]))
  const locations = new Map(
    list('location').map((location) => {
      const line = (location.line as unknown as Record<string, string>[])[0]
      const fn = functions.get(line?.functionId as string)
      const decoded: DecodedLocation = {
        name: text(fn?.name),
        systemName: text(fn?.systemName),
        file: text(fn?.filename),
        startLine: Number(fn?.startLine),
        line: Number(line?.line),
      }
      return [location.id, decoded]
    }),
  )
  return {
    sampleTypes: list('sampleType').map(type),
    periodType: type(message.periodType as unknown as Record<string, string>),
    period: Number(message.period),
    timeNanos: BigInt(message.timeNanos as unknown as string),
    durationNanos: Number(message.durationNanos),
    defaultSampleType: text(message.defaultSampleType),
    binary: text(list('mapping')[0]?.filename),
    strings,
    comments: list('comment').map(text),
    samples: list('sample').map((sample) => {
      const ids = sample.locationId as unknown as string[]
      const places = ids.map((id) => locations.get(id) as DecodedLocation)
      const labels = sample.label as unknown as Record<string, string>[]
      return {
        stack: places.map(({ name }) => name),
        locations: places,
        labels: Object.fromEntries(labels.map(({ key, str }) => [text(key), text(str)])),
        values: Object.fromEntries(
          list('sampleType').map((each, i) => [text(each.type), Number(sample.value?.[i])]),
        ),
        count: Number(sample.value?.[0]),
        cpuNanos: Number(sample.value?.[1]),
      }
    }),
  }
}

/** Every profile in a directory, in the order of their names, and so of their time. */
export function decodeDirectory(directory: string): DecodedProfile[] {
  return profileFiles(directory).map((file) => decodeProfile(readFileSync(join(directory, file))))
}

export function profileFiles(directory: string): string[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.pb.gz'))
    .sort()
}

export function samplesOf(profiles: readonly DecodedProfile[]): DecodedSample[] {
  return profiles.flatMap(({ samples }) => samples)
}

export function total(samples: readonly DecodedSample[], of: 'count' | 'cpuNanos'): number {
  return samples.reduce((sum, sample) => sum + sample[of], 0)
}

export function sumOf(samples: readonly DecodedSample[], sampleType: string): number {
  return samples.reduce((sum, { values }) => sum + (values[sampleType] ?? 0), 0)
}

export function having(samples: readonly DecodedSample[], functionName: string): DecodedSample[] {
  return samples.filter(({ stack }) => stack.includes(functionName))
}
