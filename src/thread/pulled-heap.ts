import type { Profile } from '../export/profile.js'
import type { HeapProfiling } from './heap-profiling.js'
import type { AgedProfile } from './protocol.js'

/**
 * The heap for those who pull: read when the pauses allow it, and as it was the last time in between.
 * Whoever pulls every 15 seconds must not stall the app every 15 seconds.
 */
export class PulledHeap {
  readonly #profiling: HeapProfiling
  readonly #isOwn: boolean
  readonly #encode: (profile: Profile) => Promise<Uint8Array>
  #last: { readonly bytes: Uint8Array; readonly timeMillis: number } | undefined

  /** @param isOwn it was started for pulls, and ends with them. */
  constructor(
    profiling: HeapProfiling,
    { isOwn, encode }: { isOwn: boolean; encode: (profile: Profile) => Promise<Uint8Array> },
  ) {
    this.#profiling = profiling
    this.#isOwn = isOwn
    this.#encode = encode
  }

  /**
   * @param fresh now, whatever the pause.
   * @returns `undefined` where V8 samples the heap for somebody else.
   */
  async take(fresh: boolean): Promise<AgedProfile | undefined> {
    const now = fresh || this.#last === undefined
    const profile = await (now ? this.#profiling.now() : this.#profiling.next())
    if (profile !== undefined) {
      this.#last = { bytes: await this.#encode(profile), timeMillis: Date.now() }
    }
    if (this.#last === undefined) return undefined
    return { bytes: this.#last.bytes, ageMillis: Date.now() - this.#last.timeMillis }
  }

  async close(): Promise<void> {
    if (this.#isOwn) await this.#profiling.stop()
  }
}
