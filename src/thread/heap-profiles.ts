import type { Profile } from '../export/profile.js'
import type { Log } from '../failure-burst.js'
import type { Transport } from '../sampler/transport.js'
import type { Counters } from './counters.js'
import type { Finish, FunctionNames } from './finish.js'
import { HeapProfiling } from './heap-profiling.js'
import type { AgedProfile, HeapConfig, PullHeapConfig } from './protocol.js'

export interface HeapProfilesOptions {
  readonly transport: Transport
  readonly finish: Finish
  readonly counters: Counters
  readonly log: Log
}

/** What a profiler or the first pull has started. */
interface Started {
  readonly profiling: HeapProfiling
  readonly config: HeapConfig
  readonly by: 'profiler' | 'pull'
}

/**
 * The heap's profiles for all who want them: V8 samples it once, for a profiler with `heap`, else from
 * the first pull on.
 */
export class HeapProfiles {
  readonly #options: HeapProfilesOptions
  #started: Promise<Started> | undefined
  #lastPulled: (Omit<AgedProfile, 'ageMillis'> & { readonly readMillis: number }) | undefined

  constructor(options: HeapProfilesOptions) {
    this.#options = options
  }

  /** For a profiler. What pulls have started ends. */
  async start(config: HeapConfig): Promise<HeapProfiling> {
    await this.stop('pull')
    return (await this.#start(config, 'profiler')).profiling
  }

  /** Ends what was started, by a profiler or for pulls. */
  async stop(by: Started['by']): Promise<void> {
    const started = await this.#started
    if (started?.by !== by) return
    this.#started = undefined
    this.#lastPulled = undefined
    await started.profiling.stop()
  }

  /** @returns `undefined` where no profiler has the heap profiled, or V8 samples it for others. */
  async now(): Promise<Uint8Array | undefined> {
    const started = await this.#started
    if (started?.by !== 'profiler') return undefined
    return this.#encode(await started.profiling.now(), started.config, 'plain')
  }

  /**
   * Read when the pauses allow it, empty before the first reading, and as it was the last time in
   * between: whoever pulls every 15 seconds must not stall the app every 15 seconds.
   *
   * @returns `undefined` where V8 samples the heap for others.
   */
  async pull({ fresh, ...config }: PullHeapConfig): Promise<AgedProfile | undefined> {
    const started = await (this.#started ?? this.#start(config, 'pull'))
    const { profiling } = started
    const isFirst = this.#lastPulled === undefined
    // A collection would stall the app for a profile of nothing, and for each where pulls are rare.
    const unread = !fresh && isFirst && started.by === 'pull' && profiling.collects
    const profile = unread
      ? profiling.empty()
      : // A profile of allocations is read and begun anew for the sinks alone.
        await (fresh || isFirst || started.config.heap.allocations
          ? profiling.now()
          : profiling.next())
    const bytes = await this.#encode(profile, config, 'placed')
    // Not by the wall clock, which may be set back in between.
    const nowMillis = performance.now()
    if (bytes !== undefined) this.#lastPulled = { bytes, unread, readMillis: nowMillis }
    if (this.#lastPulled === undefined) return undefined
    const { readMillis, ...last } = this.#lastPulled
    return { ...last, ageMillis: nowMillis - readMillis }
  }

  #start(config: HeapConfig, by: Started['by']): Promise<Started> {
    const { transport, counters, log } = this.#options
    const { appName, tags, heap } = config
    const start = HeapProfiling.start(transport, { ...heap, appName, tags, counters, log })
    this.#started = start.then((profiling) => ({ profiling, config, by }))
    return this.#started
  }

  async #encode(
    profile: Profile | undefined,
    { sources }: HeapConfig,
    names: FunctionNames,
  ): Promise<Uint8Array | undefined> {
    return profile && this.#options.finish.encode(profile, sources, names)
  }
}
