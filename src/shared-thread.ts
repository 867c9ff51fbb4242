import { SpanprofError } from './errors.js'
import type { Log } from './failure-burst.js'
import { sharedAgent } from './labels/agent.js'
import { DEFAULT_SAMPLING_INTERVAL_MICROS } from './options/profiler-options.js'
import { stopLeftHeapSampling } from './sampler/heap-sampler.js'
import { SamplerThread } from './thread/sampler-thread.js'

/**
 * Marks the copy of the package that profiles this process. A process can hold two copies, an ESM and
 * a CommonJS one or two versions, and they have to know of each other.
 */
const OWNER_KEY = Symbol.for('spanprof.owner')
const THIS_COPY = new URL('..', import.meta.url).href

interface Shared {
  readonly starting: Promise<SamplerThread>
  readonly samplingIntervalMicros: number
  users: number
  /** Ends it, as nobody has used it for a while. */
  lingering: NodeJS.Timeout | undefined
}

let shared: Shared | undefined
let everStarted = false

export interface LeaseOptions {
  /** `false` where no samples are taken that could carry any. @default true */
  readonly labels?: boolean
  /** The interval where none is in use yet and none is asked for. @default 10_000 */
  readonly newIntervalMicros?: number | undefined
}

/** A sampler thread in use; `release` when done. The last one to release it ends it. */
export interface Lease {
  readonly thread: SamplerThread
  /** @param options.lingerMillis how long it stays for the next one, where nobody else has it. */
  release(options?: { readonly lingerMillis: number }): Promise<void>
}

/**
 * The process's one sampler thread, started for the first who asks.
 *
 * @param samplingIntervalMicros `undefined` for whichever is in use.
 * @throws {SpanprofError} `ERR_ALREADY_RUNNING` when another copy of the package has it, or it samples
 *   at another interval; and whatever keeps it from starting.
 */
export async function leaseSamplerThread(
  samplingIntervalMicros: number | undefined,
  log: Log,
  { labels = true, newIntervalMicros = DEFAULT_SAMPLING_INTERVAL_MICROS }: LeaseOptions = {},
): Promise<Lease> {
  assertNoOtherCopy()
  const mine = sharedAt(samplingIntervalMicros, log, newIntervalMicros)
  if (
    samplingIntervalMicros !== undefined &&
    samplingIntervalMicros !== mine.samplingIntervalMicros
  ) {
    throw new SpanprofError(
      'ERR_ALREADY_RUNNING',
      `this process is already sampled every ${mine.samplingIntervalMicros} microseconds; samplingIntervalMicros must be ${mine.samplingIntervalMicros} until that ends, received ${samplingIntervalMicros}`,
    )
  }
  mine.users++
  if (labels) sharedAgent().start()
  const release = async ({ lingerMillis } = { lingerMillis: 0 }) => {
    if (--mine.users > 0) return
    if (lingerMillis === 0) await end(mine)
    else mine.lingering = setTimeout(() => void end(mine), lingerMillis).unref()
  }
  try {
    return { thread: await mine.starting, release }
  } catch (error) {
    await release()
    throw error
  }
}

/** The one in use, or a new one. One that only lingers gives way to another interval. */
function sharedAt(
  samplingIntervalMicros: number | undefined,
  log: Log,
  newIntervalMicros: number,
): Shared {
  let before: Promise<void> | undefined
  if (shared?.users === 0) {
    clearTimeout(shared.lingering)
    const wanted = samplingIntervalMicros ?? shared.samplingIntervalMicros
    if (wanted !== shared.samplingIntervalMicros) before = end(shared)
  }
  shared ??= start(samplingIntervalMicros ?? newIntervalMicros, log, before)
  return shared
}

/** @param before what has to be over first. */
function start(samplingIntervalMicros: number, log: Log, before?: Promise<void>): Shared {
  const startThread = async () => {
    await before
    return SamplerThread.start({
      samplingIntervalMicros,
      log,
      died() {
        if (shared === started) shared = undefined
        letGo()
      },
    })
  }
  everStarted = true
  ownership()[OWNER_KEY] = THIS_COPY
  const started: Shared = {
    samplingIntervalMicros,
    users: 0,
    lingering: undefined,
    starting: startThread(),
  }
  return started
}

async function end(ending: Shared): Promise<void> {
  if (shared === ending) shared = undefined
  try {
    const thread = await ending.starting
    await thread.close()
  } catch {
    // It never started or has died, which its users have been told.
  } finally {
    if (shared === undefined) letGo()
  }
}

function letGo(): void {
  sharedAgent().stop()
  stopLeftHeapSampling()
  delete ownership()[OWNER_KEY]
}

/** Whether this process has been sampled, or is now by another copy of the package. */
export function hasBeenSampled(): boolean {
  return everStarted || ownership()[OWNER_KEY] !== undefined
}

function assertNoOtherCopy(): void {
  const owner = ownership()[OWNER_KEY]
  if (owner === undefined || owner === THIS_COPY) return
  throw new SpanprofError(
    'ERR_ALREADY_RUNNING',
    `another copy of spanprof is profiling this process: ${owner} (this one is ${THIS_COPY})`,
  )
}

function ownership(): { [OWNER_KEY]?: string } {
  return globalThis as { [OWNER_KEY]?: string }
}
