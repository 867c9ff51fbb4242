import type { Window } from '../sample.js'
import type { ConsoleProfiles, Title } from './console-profiles.js'
import type { CpuClock } from './cpu-clock.js'
import { type CpuCounts, CpuMeter, type CpuOfWindow } from './cpu-meter.js'
import { isStuck, toWindow } from './window.js'
import { FIRST_LENGTH_MILLIS, nextLengthMillis } from './window-length.js'

/** V8's sampling thread delivers a sample up to one interval late; half an interval is to spare. */
const OVERLAP_INTERVALS = 2.5
const MIN_OVERLAP_MILLIS = 5

/** A window with the CPU time of its samples, and what its rotation cost. */
export interface FinishedWindow extends Window, CpuOfWindow {
  /** How long each command for this window stalled the profiled thread. */
  readonly pausesMicros: readonly number[]
}

export interface RollingWindowsOptions {
  readonly profiles: ConsoleProfiles
  readonly cpuClock: CpuClock
  readonly samplingIntervalMicros: number
  /** Takes each window, in order; the next rotation waits for it. */
  readonly deliver: (window: FinishedWindow) => Promise<void>
  /** The longest that the next window may be, whatever the pauses. */
  readonly maxLengthMillis: () => number
  /** V8's sampler was found stuck, or a command failed; sampling has been started afresh. */
  readonly restarted: (cause: Error) => void
}

/**
 * One window after the other, without a gap and without ever stopping V8's profiler: the next profile
 * is begun before the last one is ended, and both are cut at a moment that both have seen.
 */
export class RollingWindows {
  readonly #options: RollingWindowsOptions
  readonly #overlapMillis: number
  readonly #cpu: CpuMeter
  #title: Title = 'spanprof-a'
  /** The current window's start; `undefined` while nothing is sampled. */
  #startMicros: number | undefined
  #lengthMillis = FIRST_LENGTH_MILLIS
  #pausesMicros: number[] = []
  #timer: NodeJS.Timeout | undefined
  #rotation: Promise<void> | undefined
  #closing = false
  #closed: Promise<void> | undefined
  #endOverlap: () => void = () => {}

  constructor(options: RollingWindowsOptions) {
    this.#options = options
    const overlapMicros = OVERLAP_INTERVALS * options.samplingIntervalMicros
    this.#overlapMillis = Math.max(MIN_OVERLAP_MILLIS, Math.ceil(overlapMicros / 1000))
    this.#cpu = new CpuMeter(options.cpuClock, options.samplingIntervalMicros)
  }

  async start(): Promise<void> {
    await this.#begin()
    this.#cpu.start()
    this.#schedule()
  }

  /** Resolves when everything sampled before this call has been delivered. */
  async rotate(): Promise<void> {
    await this.#rotation // It may have been cut before this call.
    await this.#rotateOnce()
  }

  /** Delivers the last window and stops V8's profiler. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#closing = true
    clearTimeout(this.#timer)
    this.#endOverlap()
    await this.#rotation
    try {
      // Ending V8's only profile hands over all its samples: there is nothing to wait for.
      if (this.#startMicros !== undefined) await this.#take(this.#title, undefined)
    } finally {
      this.#startMicros = undefined
      this.#cpu.close()
    }
  }

  #schedule(): void {
    if (this.#closing) return
    // A window has to be longer than the overlap with the next one, whatever the interval.
    const wanted = Math.min(this.#lengthMillis, this.#options.maxLengthMillis())
    const length = Math.max(wanted, 2 * this.#overlapMillis)
    this.#timer = setTimeout(() => void this.#rotateOnce(), length)
  }

  #rotateOnce(): Promise<void> {
    this.#rotation ??= this.#tryToRotate().finally(() => {
      this.#rotation = undefined
      this.#schedule()
    })
    return this.#rotation
  }

  async #tryToRotate(): Promise<void> {
    clearTimeout(this.#timer)
    if (this.#closing) return
    try {
      await this.#roll()
    } catch (error) {
      await this.#restart(error as Error)
    }
  }

  async #roll(): Promise<void> {
    const { profiles } = this.#options
    const last = this.#title
    const next = last === 'spanprof-a' ? 'spanprof-b' : 'spanprof-a'
    this.#pausesMicros.push((await profiles.begin(next)).pauseMicros)
    const cut = await this.#cpu.read()
    await this.#overlap()
    if (this.#closing) {
      // Two profiles hold the last samples. The one that ends last has them all, so let that be the
      // older one.
      await profiles.end(next)
      return
    }
    const { stuck } = await this.#take(last, cut)
    this.#title = next
    this.#startMicros = cut.timeMicros
    if (stuck) throw new Error('V8 sampled nothing while the thread was busy')
  }

  #overlap(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#overlapMillis)
      this.#endOverlap = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** @param cut the window's end; when V8's profiler is stopped, all that it has. */
  async #take(title: Title, cut: CpuCounts | undefined): Promise<{ stuck: boolean }> {
    const { profiles, samplingIntervalMicros, deliver } = this.#options
    const { profile, pauseMicros } = await profiles.end(title)
    this.#pausesMicros.push(pauseMicros)
    const end = cut ?? (await this.#cpu.read())
    const endMicros = end.timeMicros
    const startMicros = this.#startMicros ?? endMicros
    const until = cut?.timeMicros ?? Number.POSITIVE_INFINITY
    const window = { ...toWindow(profile, startMicros, until), endMicros }
    const cpu = this.#cpu.measure(window, end)
    const finished = { ...window, ...cpu, pausesMicros: this.#pausesMicros }
    this.#pausesMicros = []
    await deliver(finished)
    this.#lengthMillis = nextLengthMillis(this.#lengthMillis, pauseMicros)
    return { stuck: isStuck(finished, samplingIntervalMicros, cpu.threadCpuNanos) }
  }

  async #begin(): Promise<void> {
    const { profiles, samplingIntervalMicros } = this.#options
    await profiles.enable(samplingIntervalMicros)
    this.#pausesMicros.push((await profiles.begin(this.#title)).pauseMicros)
    this.#startMicros = (await this.#cpu.read()).timeMicros
  }

  async #restart(cause: Error): Promise<void> {
    if (this.#closing) return
    this.#options.restarted(cause)
    await this.#options.profiles.disable().catch(() => {}) // Also where V8 no longer answers.
    await this.#begin().catch(() => {}) // The next rotation fails then, and tries again.
  }
}
