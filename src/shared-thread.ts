import { SpanprofError } from './errors.js'
import type { Log } from './failure-burst.js'
import { sharedAgent } from './labels/agent.js'
import { DEFAULT_SAMPLING_INTERVAL_MICROS } from './options.js'
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
}

let shared: Shared | undefined

/** A sampler thread in use; `release` when done. The last one to release it ends it. */
export interface Lease {
  readonly thread: SamplerThread
  release(): Promise<void>
}

/**
 * The process's one sampler thread, started for the first who asks.
 *
 * @param samplingIntervalMicros `undefined` for whichever is in use.
 * @param labels `false` where no samples are taken that could carry any.
 * @throws {SpanprofError} `ERR_ALREADY_RUNNING` when another copy of the package has it, or it samples
 *   at another interval; and whatever keeps it from starting.
 */
export async function leaseSamplerThread(
  samplingIntervalMicros: number | undefined,
  log: Log,
  { labels = true } = {},
): Promise<Lease> {
  assertNoOtherCopy()
  shared ??= start(samplingIntervalMicros ?? DEFAULT_SAMPLING_INTERVAL_MICROS, log)
  const mine = shared
  if (
    samplingIntervalMicros !== undefined &&
    samplingIntervalMicros !== mine.samplingIntervalMicros
  ) {
    throw new SpanprofError(
      'ERR_ALREADY_RUNNING',
      `this process is being sampled every ${mine.samplingIntervalMicros} microseconds; samplingIntervalMicros ${samplingIntervalMicros} has to wait until that ends`,
    )
  }
  mine.users++
  if (labels) sharedAgent().start()
  const release = async () => {
    if (--mine.users > 0) return
    if (shared === mine) shared = undefined
    await end(mine)
  }
  try {
    return { thread: await mine.starting, release }
  } catch (error) {
    await release()
    throw error
  }
}

function start(samplingIntervalMicros: number, log: Log): Shared {
  ownership()[OWNER_KEY] = THIS_COPY
  const started: Shared = {
    samplingIntervalMicros,
    users: 0,
    starting: SamplerThread.start({
      samplingIntervalMicros,
      log,
      died(error) {
        log('warn', `profiling has ended: ${error.message}`)
        if (shared === started) shared = undefined
        letGo()
      },
    }),
  }
  return started
}

async function end(lease: Shared): Promise<void> {
  try {
    const thread = await lease.starting
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

function assertNoOtherCopy(): void {
  const owner = ownership()[OWNER_KEY]
  if (owner === undefined || owner === THIS_COPY) return
  throw new SpanprofError(
    'ERR_ALREADY_RUNNING',
    `another copy of spanprof profiles this process: ${owner} (this one is ${THIS_COPY})`,
  )
}

function ownership(): { [OWNER_KEY]?: string } {
  return globalThis as { [OWNER_KEY]?: string }
}
