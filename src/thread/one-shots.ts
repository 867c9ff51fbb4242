import { setTimeout } from 'node:timers/promises'
import type { Finish } from './finish.js'
import type { OneShotConfig } from './protocol.js'
import type { Sampling } from './sampling.js'

/** Profiles that somebody waits for, any number at once. */
export class OneShots {
  readonly #sampling: Sampling
  readonly #finish: Finish
  readonly #open = new Map<number, AbortController>()

  constructor(sampling: Sampling, finish: Finish) {
    this.#sampling = sampling
    this.#finish = finish
  }

  /** @param id for {@link cancel}. */
  async take(id: number, config: OneShotConfig): Promise<Uint8Array> {
    const { type, appName, tags, sources, durationMs, names } = config
    const cancelled = new AbortController()
    this.#open.set(id, cancelled)
    try {
      await this.#sampling.begin()
      const recording = this.#sampling.open({ type, appName, tags })
      try {
        await setTimeout(durationMs, undefined, { signal: cancelled.signal })
        await this.#sampling.catchUp()
      } finally {
        this.#sampling.close(recording)
      }
      return await this.#finish.encode(recording.finish(), sources, names)
    } finally {
      this.#open.delete(id)
    }
  }

  cancel(id: number): void {
    this.#open.get(id)?.abort()
  }
}
