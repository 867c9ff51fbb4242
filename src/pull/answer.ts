import { SpanprofError } from '../errors.js'
import { profileFileName } from '../export/profile-file-name.js'
import { FailureBurst, type Log } from '../failure-burst.js'
import { oneShot } from '../one-shot.js'
import {
  type HeapOptions,
  heapCheck,
  type ResolvedHeapOptions,
  resolveHeapOptions,
} from '../options/heap-options.js'
import { checkedOption } from '../options/option-checks.js'
import { type ProfileSettings, resolveProfileSettings } from '../options/profiler-options.js'
import { assertSupportedRuntime } from '../runtime-support.js'
import { leaseSamplerThread } from '../shared-thread.js'
import type { AgedProfile, PullHeapConfig } from '../thread/protocol.js'
import type { PulledType } from './paths.js'

/** Whom profiles are pulled from. */
export interface PullSettings {
  /** What every pull has in common, as it is at the time of the request. */
  options(): ProfileSettings
  /** How the heap is sampled where no profiler does it, over what the environment says. */
  heap(): HeapOptions
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
  if (method !== 'GET') return refusal(405, `only GET is supported, not ${method}`)
  if (atOnce >= MAX_AT_ONCE) {
    return refusal(503, `too many profiles at once: ${MAX_AT_ONCE} are being taken already`)
  }
  atOnce++
  try {
    const answer = await (type === 'heap'
      ? heapAnswer(pull, settings)
      : timedAnswer(pull, type, settings))
    if (answer.status === 200) {
      failuresOf(settings).recovered((lost) => `profiles can be pulled again; ${lost} could not`)
    }
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
  const options = resolveProfileSettings(settings.options())
  const startTimeMillis = Date.now()
  const bytes = await oneShot(
    { ...options, durationMs, signal },
    {
      type,
      names: 'placed',
      keepsAlive: false,
      anyInterval: true,
      lingerMillis: LINGER_MILLIS,
      log: settings.log,
    },
  )
  return profileAnswer(
    bytes,
    profileFileName({ ...options, type: { name: type }, startTimeMillis }),
  )
}

async function heapAnswer({ query }: Pull, settings: PullSettings): Promise<PullAnswer> {
  const options = resolveProfileSettings(settings.options())
  const fresh = query.get('gc') === '1' // As a Go program collects garbage first where it is told to.
  const { appName, tags, sources, samplingIntervalMicros } = options
  const config = { appName, tags, sources, heap: heapOptions(settings.heap()), fresh }
  const pulled = await pulledHeap(config, samplingIntervalMicros, settings.log)
  const { bytes, ageMillis, unread } = pulled
  if (unread) tellOfEmpty(settings)
  const startTimeMillis = Date.now() - ageMillis
  const fileName = profileFileName({ appName, type: { name: 'heap' }, startTimeMillis })
  const answer = profileAnswer(bytes, fileName)
  return { ...answer, headers: { ...answer.headers, age: String(Math.round(ageMillis / 1000)) } }
}

/** A pull asks for the heap, whether a profiler would have it or not; and for what is in use. */
function heapOptions(given: HeapOptions): ResolvedHeapOptions {
  const options = checkedOption('heap', given, heapCheck, process.env)
  return { ...(resolveHeapOptions(options) as ResolvedHeapOptions), allocations: false }
}

/** Its thread stays for the next pull, as what was allocated before the heap is sampled is not seen. */
async function pulledHeap(
  config: PullHeapConfig,
  newIntervalMicros: number | undefined,
  log: Log,
): Promise<AgedProfile> {
  assertSupportedRuntime()
  const lease = await leaseSamplerThread(undefined, log, { labels: false, newIntervalMicros })
  try {
    const profile = await lease.thread.request('pullHeap', config, { keepsAlive: false })
    if (profile !== undefined) return profile
    throw new SpanprofError('ERR_HEAP_NOT_PROFILED', 'something else is already sampling the heap')
  } finally {
    await lease.release({ lingerMillis: LINGER_MILLIS })
  }
}

/** Once, though each pull is a first one where they are far apart. */
function tellOfEmpty(settings: PullSettings): void {
  if (toldOfEmpty.has(settings)) return
  toldOfEmpty.add(settings)
  settings.log(
    'info',
    'the heap is sampled from its first pull on, which is therefore empty (reading it would be a full garbage collection): pull at least once a minute, or start a profiler with heap: true',
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

const toldOfEmpty = new WeakSet<PullSettings>()
const bursts = new WeakMap<PullSettings, FailureBurst>()

function failuresOf(settings: PullSettings): FailureBurst {
  const burst = bursts.get(settings) ?? new FailureBurst(settings.log)
  bursts.set(settings, burst)
  return burst
}
