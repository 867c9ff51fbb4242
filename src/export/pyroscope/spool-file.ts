import { crc32 } from 'node:zlib'
import type { SpoolOwner } from './spool-owner.js'
import type { Upload } from './upload.js'

/** A file of a spool. Its name says all that has to be known of it without reading it. */
export interface SpoolFile extends SpoolOwner {
  readonly name: string
  readonly startTimeMillis: number
  /** Its size. */
  readonly bytes: number
  /** A hash of where it is to be uploaded to, and as whom. */
  readonly destination: string
  /** Tells an owner's files of the same time apart. */
  readonly number: number
  readonly state: SpoolFileState
}

/** One that is being sent may arrive yet; one that is damaged never will. */
export type SpoolFileState = 'waiting' | 'sending' | 'damaged'

const NAME =
  /^(?<startTimeMillis>\d+)\.(?<bytes>\d+)\.(?<destination>[\da-f]+)\.(?<host>[\w-]+)~(?<pid>\d+)~(?<life>[\da-f]+)\.(?<number>\d+)\.profile(?:\.(?<state>sending|damaged))?$/

export function nameFile(file: Omit<SpoolFile, 'name'>): SpoolFile {
  const { startTimeMillis, bytes, destination, host, pid, life, number, state } = file
  // With all digits, so that names sort by time.
  const start = String(Math.max(0, Math.round(startTimeMillis))).padStart(13, '0')
  const suffix = state === 'waiting' ? '' : `.${state}`
  const name = `${start}.${bytes}.${destination}.${host}~${pid}~${life}.${number}.profile${suffix}`
  return { ...file, name }
}

/** @returns `undefined` for a name that {@link nameFile} does not give. */
export function parseFileName(name: string): SpoolFile | undefined {
  const parts = NAME.exec(name)?.groups
  if (parts === undefined) return undefined
  const { startTimeMillis, bytes, destination = '', host = '', pid, life = '', number } = parts
  const numbers = {
    startTimeMillis: Number(startTimeMillis),
    bytes: Number(bytes),
    pid: Number(pid),
    number: Number(number),
  }
  const state = (parts.state ?? 'waiting') as SpoolFileState
  return { name, destination, host, life, state, ...numbers }
}

/** The first line of a file, before the profile's bytes. */
interface Header extends Omit<Upload, 'pprof'> {
  readonly spanprof: 1
  readonly crc32: number
}

/** An upload as a file: a line of JSON, then the profile. */
export function encodeFile({ pprof, ...upload }: Upload): Uint8Array {
  const header: Header = { spanprof: 1, crc32: crc32(pprof), ...upload }
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), pprof])
}

/** @returns `undefined` for a file that is not what {@link encodeFile} made, to the last bit. */
export function decodeFile(content: Buffer): Upload | undefined {
  const end = content.indexOf('\n')
  const pprof = content.subarray(end + 1)
  try {
    const header = JSON.parse(content.toString('utf8', 0, end)) as Header
    const isWhole = header.crc32 === crc32(pprof)
    if (header.spanprof !== 1 || !isWhole || !isUpload(header)) return undefined
    const { series, startTimeMillis, durationMillis, sampleRate } = header
    return { series, startTimeMillis, durationMillis, sampleRate, pprof }
  } catch {
    return undefined
  }
}

function isUpload({ series, startTimeMillis, durationMillis, sampleRate }: Header): boolean {
  const numbers = [startTimeMillis, durationMillis, sampleRate]
  return typeof series === 'string' && numbers.every(Number.isFinite)
}
