import { toHeapProfile } from '../export/heap-profile.js'
import type { Profile } from '../export/profile.js'
import { FailureBurst, type Log } from '../failure-burst.js'
import type { ResolvedHeapOptions } from '../heap-options.js'
import type { LabelPairs } from '../sample.js'
import { allocationSites } from '../sampler/allocation-sites.js'
import { nowMicros } from '../sampler/cpu-clock.js'
import { HeapOccupied, type HeapReading, HeapSampler } from '../sampler/heap-sampler.js'
import type { Transport } from '../sampler/transport.js'
import type { V8HeapProfile } from '../sampler/v8-heap-profile.js'
import type { Counters } from './counters.js'
import { PauseBudget } from './pause-budget.js'

/** A full collection takes 0.5 to 1 ms for a MiB of small objects. */
const COLLECTION_MICROS_PER_BYTE = 1e-3
/** V8 writes a sample into its answer in about a microsecond. */
const MICROS_PER_SAMPLE = 1.5
/** What the end of the process may take longer for a last profile, whatever the budget. */
const LAST_PAUSE_MICROS = 20_000
/** From here on people should hear of a pause. */
const LONG_PAUSE_MICROS = 100_000
/**
 * Samples of a profile of allocations, which V8 keeps until they are read: a bound on its memory and
 * on the pause.
 */
const MAX_ALLOCATION_SAMPLES = 8192

export interface HeapProfilingOptions extends ResolvedHeapOptions {
  readonly appName: string
  readonly tags: LabelPairs
  readonly counters: Counters
  readonly log: Log
}

/** Profiles of the heap, read as often as the pauses allow. */
export class HeapProfiling {
  readonly #transport: Transport
  readonly #options: HeapProfilingOptions
  readonly #failures: FailureBurst
  readonly #budget: PauseBudget
  #sampler: HeapSampler | undefined
  #occupied = false
  #intervalBytes: number
  #lastPauseMicros = 0
  #lastUsedBytes = 0
  #sinceMillis = Date.now()
  #sinceMicros = nowMicros()
  #reads = 0
  #queue: Promise<unknown> = Promise.resolve()

  static async start(transport: Transport, options: HeapProfilingOptions): Promise<HeapProfiling> {
    const profiling = new HeapProfiling(transport, options)
    await profiling.#runningSampler().catch((error) => profiling.#failed(error))
    return profiling
  }

  private constructor(transport: Transport, options: HeapProfilingOptions) {
    this.#transport = transport
    this.#options = options
    this.#failures = new FailureBurst(options.log)
    this.#budget = new PauseBudget(options.maxPausePercent / 100, nowMicros())
    this.#intervalBytes = options.samplingIntervalBytes
  }

  /**
   * The next profile, where the pause for it can be afforded; else it is counted as skipped, and what
   * it would have shown is in the one after it.
   */
  next(): Promise<Profile | undefined> {
    return this.#inTurn(() => this.#next((expected) => this.#affords(expected)))
  }

  /** Likewise the one at the end, which a short pause is always good for. */
  last(): Promise<Profile | undefined> {
    return this.#inTurn(async () => {
      const profile = await this.#next(
        (expected) => expected <= LAST_PAUSE_MICROS || this.#affords(expected),
      )
      if (this.#reads === 0 && this.#sampler !== undefined) this.#warnOfNone()
      return profile
    })
  }

  /**
   * A profile now, whatever the pause, which the next ones wait for.
   *
   * @returns `undefined` where V8 samples the heap for somebody else.
   */
  now(): Promise<Profile | undefined> {
    return this.#inTurn(() => this.#now())
  }

  async stop(): Promise<void> {
    await this.#inTurn(async () => this.#sampler?.stop()).catch((error) => this.#failed(error))
  }

  /** One reading at a time. */
  #inTurn<T>(read: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(read)
    this.#queue = turn.catch(() => {}) // Whoever asked for it hears of it.
    return turn
  }

  async #next(affords: (expectedMicros: number) => boolean): Promise<Profile | undefined> {
    try {
      const sampler = await this.#runningSampler()
      if (sampler === undefined) return undefined
      if (!affords(await this.#expectedMicros(sampler))) {
        this.#options.counters.add('heapReadsSkipped')
        return undefined
      }
      const profile = await this.#take(sampler)
      this.#failures.recovered(
        (failures) => `the heap is profiled again after ${failures} failures`,
      )
      return profile
    } catch (error) {
      this.#failed(error as Error)
      return undefined
    }
  }

  async #now(): Promise<Profile | undefined> {
    try {
      const sampler = await this.#runningSampler()
      if (sampler === undefined) return undefined
      return this.#toProfile(await this.#counted(sampler, sampler.read()))
    } catch (error) {
      this.#failed(error as Error)
      throw error
    }
  }

  async #take(sampler: HeapSampler): Promise<Profile> {
    const { allocations } = this.#options
    let nextIntervalBytes = this.#intervalBytes
    const reading = await this.#counted(
      sampler,
      allocations
        ? sampler.readAndRestart((profile) => {
            nextIntervalBytes = this.#intervalFor(profile)
            return nextIntervalBytes
          })
        : sampler.read(),
    )
    const profile = this.#toProfile(reading)
    this.#intervalBytes = nextIntervalBytes
    this.#sinceMillis = Date.now()
    this.#sinceMicros = nowMicros()
    return profile
  }

  async #counted(sampler: HeapSampler, read: Promise<HeapReading>): Promise<HeapReading> {
    const { counters } = this.#options
    const reading = await read
    const { pauseMicros } = reading
    this.#budget.spend(pauseMicros)
    this.#lastPauseMicros = pauseMicros
    counters.add('heapReads')
    counters.add('heapPauseMicros', pauseMicros)
    counters.raiseTo('maxHeapPauseMicros', pauseMicros)
    if (this.#reads++ === 0 && sampler.collects) this.#tellOfCollection(pauseMicros)
    this.#lastUsedBytes = await sampler.usedBytes()
    return reading
  }

  #toProfile({ profile }: HeapReading): Profile {
    const { appName, tags, stackDepth, allocations } = this.#options
    return toHeapProfile(allocationSites(profile, this.#intervalBytes), {
      type: allocations ? 'alloc' : 'heap',
      appName,
      tags,
      stackDepth,
      samplingIntervalBytes: this.#intervalBytes,
      startTimeMillis: this.#sinceMillis,
      durationNanos: (nowMicros() - this.#sinceMicros) * 1000,
    })
  }

  #affords(expectedMicros: number): boolean {
    return this.#budget.affords(expectedMicros, nowMicros())
  }

  /** As long as the last one, and longer by what the heap has grown since. */
  async #expectedMicros(sampler: HeapSampler): Promise<number> {
    const grownBytes = Math.max(0, (await sampler.usedBytes()) - this.#lastUsedBytes)
    const microsPerByte = sampler.collects
      ? COLLECTION_MICROS_PER_BYTE
      : MICROS_PER_SAMPLE / this.#options.samplingIntervalBytes
    return this.#lastPauseMicros + grownBytes * microsPerByte
  }

  /** Twice as wide as often as it takes, as V8 keeps the text of every start: there are few. */
  #intervalFor({ samples }: V8HeapProfile): number {
    const bytes = samples.reduce((sum, { size }) => sum + size, 0)
    const { samplingIntervalBytes } = this.#options
    const times = bytes / samplingIntervalBytes / MAX_ALLOCATION_SAMPLES
    return samplingIntervalBytes * 2 ** Math.ceil(Math.log2(Math.max(1, times)))
  }

  /** Started afresh where it has failed. */
  async #runningSampler(): Promise<HeapSampler | undefined> {
    if (this.#sampler === undefined && !this.#occupied) {
      try {
        this.#intervalBytes = this.#options.samplingIntervalBytes
        this.#sampler = await HeapSampler.start(this.#transport, this.#options)
      } catch (error) {
        if (!(error instanceof HeapOccupied)) throw error
        this.#occupied = true
        this.#options.log(
          'warn',
          'no heap profiles: something else is already sampling the heap (the app, another profiler, node --heap-prof)',
        )
      }
    }
    return this.#sampler
  }

  #failed(error: Error): void {
    this.#options.counters.add('heapReadFailures')
    this.#failures.failed(`the heap could not be profiled: ${error.message}`)
    this.#sampler = undefined
  }

  #tellOfCollection(pauseMicros: number): void {
    const { maxPausePercent, log } = this.#options
    const level = pauseMicros < LONG_PAUSE_MICROS ? 'info' : 'warn'
    const millis = Math.ceil(pauseMicros / 1000)
    const seconds = Math.ceil(pauseMicros / 1e6 / (maxPausePercent / 100))
    const wait =
      maxPausePercent < 100
        ? `, the next one is at least ${seconds} s away (heap.maxPausePercent ${maxPausePercent})`
        : ''
    log(
      level,
      `each heap profile takes a full garbage collection on this Node.js version: this one took ${millis} ms${wait}`,
    )
  }

  #warnOfNone(): void {
    const { maxPausePercent, log } = this.#options
    log(
      'warn',
      `no heap profile was taken: its pause would have exceeded heap.maxPausePercent (${maxPausePercent} % of the time)`,
    )
  }
}
