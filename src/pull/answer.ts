import { profileFileName } from '../export/profile-file-name.js'
import { FailureBurst, type Log } from '../failure-burst.js'
import { encodedProfile } from '../one-shot.js'
import { type ProfileOptions, resolveProfileOptions } from '../options.js'
import type { PulledType } from './paths.js'

/** Whom profiles are pulled from. */
export interface PullSettings {
  /** What every pull has in common, as it is at the time of the request. */
  options(): Omit<ProfileOptions, 'durationMs' | 'signal'>
  readonly log: Log
}

/** A request for a profile. */
export interface Pull {
  readonly type: PulledType
  readonly method: string | undefined
  readonly query: URLSearchParams
  /** Aborted when the client has left. */
  readonly signal: AbortSignal
}

/** What a client gets. */
export interface PullAnswer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: Buffer | string
}

/** As long as a Go program profiles where nothing is said. */
const DEFAULT_SECONDS = 30
const MIN_SECONDS = 0.01
const MAX_SECONDS = 3600

/**
 * As many profiles are taken at a time. The sampler thread holds each in its memory, which is bounded,
 * and an open port must not be a way to end it.
 */
const MAX_AT_ONCE = 64

/**
 * Sampling goes on for a while afterwards, as a server that scrapes comes again, each minute at the
 * least as a rule: V8 stalls the app whenever its sampler starts anew.
 */
const LINGER_MILLIS = 70_000

let atOnce = 0

/** Never rejects. @returns `undefined` where the client has left. */
export async function answerPull(
  pull: Pull,
  settings: PullSettings,
): Promise<PullAnswer | undefined> {
  const { type, method, signal } = pull
  if (method !== 'GET') return refusal(405, `only GET is answered here, not ${method}`)
  if (atOnce >= MAX_AT_ONCE) {
    return refusal(503, `${MAX_AT_ONCE} profiles are being taken, and no more are at a time`)
  }
  atOnce++
  try {
    const answer = type === 'heap' ? await heapAnswer() : await timedAnswer(pull, type, settings)
    failuresOf(settings).recovered((lost) => `profiles can be pulled again; ${lost} could not`)
    return answer
  } catch (error) {
    if (signal.aborted) return undefined
    const { message } = error as Error
    failuresOf(settings).failed(`a profile could not be pulled: ${message}`)
    return refusal(500, `the profile could not be taken: ${message}`)
  } finally {
    atOnce--
  }
}

async function timedAnswer(
  { query, signal }: Pull,
  type: 'cpu' | 'wall',
  settings: PullSettings,
): Promise<PullAnswer> {
  const given = query.get('seconds') ?? String(DEFAULT_SECONDS)
  const seconds = /^\d+(\.\d+)?$/.test(given) ? Number(given) : Number.NaN
  if (!(seconds >= MIN_SECONDS && seconds <= MAX_SECONDS)) {
    const expected = `a number from ${MIN_SECONDS} to ${MAX_SECONDS}`
    return refusal(400, `seconds must be ${expected}, received ${JSON.stringify(given)}`)
  }
  const durationMs = Math.round(seconds * 1000)
  const options = resolveProfileOptions({ ...settings.options(), durationMs, signal })
  const startTimeMillis = Date.now()
  const bytes = await encodedProfile(options, {
    type,
    names: 'placed',
    keepsAlive: false,
    lingerMillis: LINGER_MILLIS,
  })
  return profileAnswer(
    bytes,
    profileFileName({ ...options, type: { name: type }, startTimeMillis }),
  )
}

function profileAnswer(bytes: Uint8Array, fileName: string): PullAnswer {
  return {
    status: 200,
    headers: {
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename="${fileName}"`,
      'content-length': String(bytes.length),
      ...HEADERS,
    },
    body: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
  }
}

function refusal(status: number, sentence: string): PullAnswer {
  const body = `${sentence}\n`
  return {
    status,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      ...(status === 405 && { allow: 'GET' }),
      ...HEADERS,
    },
    body,
  }
}

const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

const bursts = new WeakMap<PullSettings, FailureBurst>()

function failuresOf(settings: PullSettings): FailureBurst {
  const burst = bursts.get(settings) ?? new FailureBurst(settings.log)
  bursts.set(settings, burst)
  return burst
}

async function heapAnswer(): Promise<PullAnswer> {
  return refusal(501, 'not yet')
}
