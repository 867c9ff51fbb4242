import { toHeapProfile } from '../export/heap-profile.js'
import type { Profile } from '../export/profile.js'
import { FailureBurst, type Log } from '../failure-burst.js'
import type { ResolvedHeapOptions } from '../options/heap-options.js'
import type { LabelPairs } from '../sample.js'
import { METER_MILLIS } from '../sampler/allocation-meter.js'
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
 * Samples that a profile of allocations should have at most, and those of a heap whose interval is
 * widened.
 */
const AIMED_AT_SAMPLES = 8192
/**
 * Samples that are read at most. V8's answer is parsed in this thread, and Node.js ends the whole
 * process where its 128 MiB do not hold that: at 115 to 120 MiB on Node.js 20 to 26, with 100 bytes a
 * sample and 390 a node of the tree. The TypeScript compiler, all recursion, has 8 nodes a sample there
 * (75 MiB); a server 1 or 2 (a quarter of the limit at most).
 */
const MAX_SAMPLES = 16_384

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
  #metering: NodeJS.Timeout | undefined
  #isMetering = false
  #hasDiscarded = false
  #lastPauseMicros = 0
  #lastSampleCount = 0
  #lastUsedBytes = 0
  #sinceMillis = Date.now()
  #sinceMicros = nowMicros()
  #reads = 0
  #queue: Promise<unknown> = Promise.resolve()

  static async start(transport: Transport, options: HeapProfilingOptions): Promise<HeapProfiling> {
    const profiling = new HeapProfiling(transport, options)
    await profiling.#runningSampler().catch((error) => profiling.#failed(error))
    if (options.allocations) profiling.#meter()
    return profiling
  }

  private constructor(transport: Transport, options: HeapProfilingOptions) {
    this.#transport = transport
    this.#options = options
    this.#failures = new FailureBurst(options.log)
    this.#budget = new PauseBudget(options.maxPausePercent / 100, nowMicros())
  }

  /** Whether a reading is a full garbage collection; not where nothing is sampled. */
  get collects(): boolean {
    return this.#sampler?.collects === true
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
      let affords = true
      const profile = await this.#next((expected) => {
        affords = expected <= LAST_PAUSE_MICROS || this.#affords(expected)
        return affords
      })
      if (!affords && this.#reads === 0) this.#warnOfNone()
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

  /** A profile of what has been sampled when sampling has just begun: nothing, and not read. */
  empty(): Profile {
    const intervalBytes = this.#sampler?.intervalBytes ?? this.#options.samplingIntervalBytes
    return this.#toProfile({ profile: NOTHING, intervalBytes, pauseMicros: 0 })
  }

  async stop(): Promise<void> {
    clearInterval(this.#metering)
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
      const samples = await sampler.sampleCount()
      if (await this.#discardsTooMany(sampler, samples)) return undefined
      if (!affords(await this.#expectedMicros(sampler, samples))) {
        this.#options.counters.add('heapReadsSkipped')
        return undefined
      }
      const profile = await this.#take(sampler)
      this.#failures.recovered(
        (failures) => `the heap is profiled again after ${failures} failures`,
      )
      return profile
    } catch (error) {
      this.#lost(error as Error)
      return undefined
    }
  }

  async #now(): Promise<Profile | undefined> {
    try {
      const sampler = await this.#runningSampler()
      if (sampler === undefined) return undefined
      await this.#discardsTooMany(sampler, await sampler.sampleCount())
      return this.#toProfile(await this.#counted(sampler, sampler.read()))
    } catch (error) {
      this.#lost(error as Error)
      if (this.#occupied) return undefined
      throw error
    }
  }

  async #take(sampler: HeapSampler): Promise<Profile> {
    const reading = await this.#counted(
      sampler,
      this.#options.allocations
        ? sampler.readAndRestart(({ samples }) =>
            this.#intervalFor(samples.reduce((sum, { size }) => sum + size, 0)),
          )
        : sampler.read(),
    )
    const profile = this.#toProfile(reading)
    this.#beginsNow()
    return profile
  }

  #beginsNow(): void {
    this.#sinceMillis = Date.now()
    this.#sinceMicros = nowMicros()
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
    this.#lastSampleCount = reading.profile.samples.length
    this.#lastUsedBytes = await sampler.usedBytes()
    return reading
  }

  /** What is in use is so at the reading; what was allocated was since the last one. */
  #toProfile({ profile, intervalBytes }: HeapReading): Profile {
    const { appName, tags, stackDepth, allocations } = this.#options
    return toHeapProfile(allocationSites(profile, intervalBytes), {
      type: allocations ? 'alloc' : 'heap',
      appName,
      tags,
      stackDepth,
      samplingIntervalBytes: intervalBytes,
      startTimeMillis: allocations ? this.#sinceMillis : Date.now(),
      durationNanos: allocations ? (nowMicros() - this.#sinceMicros) * 1000 : 0,
    })
  }

  #meter(): void {
    const meter = () => {
      if (this.#isMetering) return
      this.#isMetering = true
      void this.#inTurn(() => this.#discardsIfTooMany()).finally(() => {
        this.#isMetering = false
      })
    }
    this.#metering = setInterval(meter, METER_MILLIS).unref()
  }

  async #discardsIfTooMany(): Promise<void> {
    const sampler = this.#sampler
    if (sampler === undefined) return
    try {
      await this.#discardsTooMany(sampler, await sampler.sampleCount())
    } catch (error) {
      this.#failed(error as Error)
    }
  }

  /** What cannot be read is given up, and sampled at a wider interval from here on. */
  async #discardsTooMany(sampler: HeapSampler, samples: number): Promise<boolean> {
    if (samples <= MAX_SAMPLES) return false
    const { counters, log, samplingIntervalBytes } = this.#options
    await sampler.restart(this.#intervalFor(samples * sampler.intervalBytes))
    this.#beginsNow()
    counters.add('heapReadFailures')
    if (!this.#hasDiscarded) {
      this.#hasDiscarded = true
      log(
        'warn',
        `what was sampled of the heap is discarded, as it has become more than ${MAX_SAMPLES} samples: the heap is now sampled once in ${sampler.intervalBytes} bytes, not in ${samplingIntervalBytes} (heap.samplingIntervalBytes)`,
      )
    }
    return true
  }

  #affords(expectedMicros: number): boolean {
    return this.#budget.affords(expectedMicros, nowMicros())
  }

  /** As long as the last one, and longer by what there is more of since. */
  async #expectedMicros(sampler: HeapSampler, samples: number): Promise<number> {
    const moreMicros = sampler.collects
      ? ((await sampler.usedBytes()) - this.#lastUsedBytes) * COLLECTION_MICROS_PER_BYTE
      : (samples - this.#lastSampleCount) * MICROS_PER_SAMPLE
    return this.#lastPauseMicros + Math.max(0, moreMicros)
  }

  /** Twice as wide as often as it takes, as V8 keeps the text of every start: there are few. */
  #intervalFor(bytes: number): number {
    const { samplingIntervalBytes } = this.#options
    const times = bytes / samplingIntervalBytes / AIMED_AT_SAMPLES
    return samplingIntervalBytes * 2 ** Math.ceil(Math.log2(Math.max(1, times)))
  }

  /** Started afresh where it has failed. */
  async #runningSampler(): Promise<HeapSampler | undefined> {
    if (this.#sampler === undefined && !this.#occupied) {
      try {
        this.#sampler = await HeapSampler.start(this.#transport, this.#options)
        this.#beginsNow()
      } catch (error) {
        if (!(error instanceof HeapOccupied)) throw error
        this.#isOccupied()
      }
    }
    return this.#sampler
  }

  #lost(error: Error): void {
    if (error instanceof HeapOccupied) this.#isOccupied()
    else this.#failed(error)
  }

  #isOccupied(): void {
    this.#occupied = true
    this.#sampler = undefined
    this.#options.log(
      'warn',
      'no heap profiles: something else is already sampling the heap (the app, another profiler, node --heap-prof)',
    )
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

const NOTHING: V8HeapProfile = {
  head: {
    id: 0,
    callFrame: { functionName: '(root)', url: '', lineNumber: -1, columnNumber: -1 },
    selfSize: 0,
    children: [],
  },
  samples: [],
}
