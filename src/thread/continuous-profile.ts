import type { Profile } from '../export/profile.js'
import type { Recording, RecordingOptions } from '../export/recording.js'
import type { Sink } from '../export/sink.js'
import { FailureBurst, type Log } from '../failure-burst.js'
import type { Counters } from './counters.js'
import type { HeapProfiling } from './heap-profiling.js'
import type { Sampling } from './sampling.js'

/**
 * A profile is closed early when it has grown to this many different stacks with labels: what a
 * Pyroscope takes at most (`validation.max-profile-stacktrace-samples`), and a bound on memory.
 */
const MAX_PROFILE_SIZE = 16_000

export interface ContinuousOptions {
  /** One for each type of profile. */
  readonly recordings: readonly Omit<RecordingOptions, 'samplingIntervalMicros'>[]
  /** Where the heap is profiled too. */
  readonly heap: HeapProfiling | undefined
  readonly flushIntervalMs: number
  /** When the first profile is cut; the others follow in `flushIntervalMs`. */
  readonly firstFlushMs: number
  /** How long a flush waits for sinks that send what they get elsewhere. */
  readonly flushTimeoutMs: number
  /** Makes a profile ready for the sinks. */
  readonly finish: (profile: Profile) => Promise<Profile>
  readonly sinks: readonly Sink[]
  readonly counters: Counters
  readonly log: Log
}

/** One profile of each type after the other, each brought to the sinks. */
export class ContinuousProfile {
  readonly #sampling: Sampling
  readonly #options: ContinuousOptions
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #overruns: FailureBurst
  #recordings: readonly Recording[]
  #flushing: Promise<void> | undefined
  #ending: Promise<void> | undefined

  constructor(sampling: Sampling, options: ContinuousOptions) {
    this.#sampling = sampling
    this.#options = options
    this.#overruns = new FailureBurst(options.log)
    this.#recordings = options.recordings.map((recording) => sampling.open(recording))
    const { flushIntervalMs, firstFlushMs } = options
    const first = setTimeout(() => {
      this.#flushIfFree()
      this.#timers.add(setInterval(() => this.#flushIfFree(), flushIntervalMs))
    }, firstFlushMs)
    const size = setInterval(() => this.#limitSize(), Math.min(1000, flushIntervalMs))
    this.#timers.add(first).add(size)
  }

  /**
   * Resolves when everything sampled before this call has reached the sinks or counts as dropped, or
   * when the time for that is up.
   */
  async flush(): Promise<void> {
    await this.#flushing // It may have been cut before this call.
    await this.#flush()
    const timeUp = AbortSignal.timeout(this.#options.flushTimeoutMs)
    await Promise.all(this.#options.sinks.map((sink) => sink.flush(timeUp)))
  }

  /**
   * Brings what is left to the sinks; for whoever calls first. `ended` when sampling has ended, so that
   * there is nothing to catch up.
   */
  end(sampling: { ended: boolean }): Promise<void> {
    this.#ending ??= this.#writeRest(sampling)
    return this.#ending
  }

  /** After the end. What has not arrived when the time is up is dropped, or waits in a spool. */
  async close(timeUp = AbortSignal.timeout(this.#options.flushTimeoutMs)): Promise<void> {
    await Promise.all(this.#options.sinks.map((sink) => sink.close(timeUp)))
  }

  async #writeRest({ ended }: { ended: boolean }): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    await this.#flushing
    if (!ended) await this.#sampling.catchUp()
    for (const recording of this.#recordings) this.#sampling.close(recording)
    await this.#writeRecordings(this.#recordings)
    await this.#write(await this.#options.heap?.last())
  }

  /** A sink that is slow lengthens the profile instead of heaping up unfinished ones. */
  #flushIfFree(): void {
    if (this.#flushing === undefined) void this.#flush()
  }

  #flush(): Promise<void> {
    this.#flushing ??= this.#takeAndWrite().finally(() => {
      this.#flushing = undefined
    })
    return this.#flushing
  }

  async #takeAndWrite(): Promise<void> {
    await this.#sampling.catchUp()
    await this.#writeRecordings(this.#startNext())
    // Last, as reading the heap may take long.
    await this.#write(await this.#options.heap?.next())
    this.#overruns.recovered((lost) => `profiles are delivered in time again; ${lost} were lost`)
  }

  /** @returns the recordings so far, which take no more samples; the next go on from their end. */
  #startNext(): readonly Recording[] {
    const finished = this.#recordings
    this.#recordings = finished.map((recording) => {
      this.#sampling.close(recording)
      return this.#sampling.open(recording.options, recording.endMicros)
    })
    return finished
  }

  #limitSize(): void {
    if (this.#recordings.every(({ size }) => size < MAX_PROFILE_SIZE)) return
    if (this.#flushing === undefined) {
      void this.#flush()
    } else {
      const lost = this.#startNext()
      this.#options.counters.add('profilesDropped', lost.length)
      this.#overruns.failed(
        'a profile was dropped because the previous one is still being delivered',
      )
    }
  }

  async #writeRecordings(recordings: readonly Recording[]): Promise<void> {
    for (const recording of recordings) await this.#write(recording.finish())
  }

  async #write(recorded: Profile | undefined): Promise<void> {
    if (recorded === undefined) return
    const { counters, finish, sinks } = this.#options
    // An app that only waited has nothing to show, and a Pyroscope would store nothing.
    if (recorded.samples.length === 0) {
      counters.add('profilesEmpty')
      return
    }
    const profile = await finish(recorded)
    await Promise.all(sinks.map((sink) => sink.write(profile)))
  }
}
