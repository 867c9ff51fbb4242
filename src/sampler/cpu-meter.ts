import type { Suspension, Window } from '../sample.js'
import { CpuActivity } from './cpu-activity.js'
import { type CpuClock, processCpuNanos, type UndisturbingReading } from './cpu-clock.js'
import { type CpuCarry, NO_CARRY, type SpreadCpuTime, spreadCpuTime } from './cpu-time.js'
import { ReadingPace } from './reading-pace.js'
import { suspensionsIn } from './suspensions.js'

/** Two readings that are closer say little about the time between them. */
const MIN_DISTANCE_MICROS = 2500
/** A thread that is blocked for hours hands over no window meanwhile. Then every other one will do. */
const MAX_READINGS = 10_000
/** Readings from before a window that show how its first samples differ from what was before them. */
const READINGS_BEFORE = 3

/** All counts at a moment. */
export interface CpuCounts {
  readonly timeMicros: number
  /** The thread's CPU time; `undefined` if it is not known. */
  readonly threadNanos: number | undefined
  /** See {@link CpuClock.glance}. */
  readonly activityNanos: number
  readonly queuedNanos: number
  /** CPU time of all threads of the process. */
  readonly processNanos: number
}

/** The CPU time of a window. */
export interface CpuOfWindow extends Omit<SpreadCpuTime, 'carry'> {
  /** What the thread used; `undefined` if it is not known. */
  readonly threadCpuNanos: number | undefined
  /** What all threads of the process used. */
  readonly processCpuNanos: number
  /** How long the thread was ready to run but had no CPU; 0 if it is not known. */
  readonly cpuWaitNanos: number
  readonly suspensions: readonly Suspension[]
}

/** Reads the CPU time of a thread and spreads it over its samples. */
export class CpuMeter {
  readonly #clock: CpuClock
  readonly #samplingIntervalNanos: number
  readonly #pace: ReadingPace
  #timer: NodeJS.Timeout | undefined
  #readings: UndisturbingReading[] = []
  /** The end of the last window that was measured. */
  #measured: CpuCounts | undefined
  #carry: CpuCarry = NO_CARRY

  constructor(clock: CpuClock, samplingIntervalMicros: number) {
    this.#clock = clock
    this.#samplingIntervalNanos = samplingIntervalMicros * 1000
    this.#pace = new ReadingPace(samplingIntervalMicros)
  }

  start(): void {
    this.#glance()
    this.#timer = setTimeout(() => this.start(), this.#pace.millis)
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#clock.close()
  }

  /** For the end of a window, where the next one starts. */
  async read(): Promise<CpuCounts> {
    const { timeMicros, cpuNanos } = await this.#clock.read()
    const { nanos, queuedNanos } = this.#glance()
    const counts: CpuCounts = {
      timeMicros,
      threadNanos: cpuNanos,
      activityNanos: nanos,
      queuedNanos,
      processNanos: processCpuNanos(),
    }
    this.#measured ??= counts
    return counts
  }

  /** @param end the counts at the window's end. */
  measure(window: Window, end: CpuCounts): CpuOfWindow {
    this.#glance() // What follows the last sample.
    const start = this.#measured ?? end
    this.#measured = end
    const threadCpuNanos = difference(start.threadNanos, end.threadNanos)
    const activityNanos = end.activityNanos - start.activityNanos
    const cpuWaitNanos = end.queuedNanos - start.queuedNanos
    const busySamples = window.samples.filter(({ idle }) => !idle).length
    const busyNanos = busySamples * this.#samplingIntervalNanos
    const nanos = threadCpuNanos ?? Math.min(activityNanos, busyNanos)
    this.#pace.add(window, nanos + cpuWaitNanos)
    const suspensions = suspensionsIn(window, this.#readings)
    // Other threads than the profiled one, if the activity is that of all.
    const othersNanos = activityNanos - nanos
    const activity = this.#activityWithout(othersNanos / (end.timeMicros - start.timeMicros))
    this.#forgetReadingsBefore(end.timeMicros)
    const { carry, ...spread } = spreadCpuTime(
      window,
      { nanos, activity },
      this.#samplingIntervalNanos,
      this.#carry,
    )
    this.#carry = carry
    const processCpuNanos = end.processNanos - start.processNanos
    return { ...spread, threadCpuNanos, processCpuNanos, cpuWaitNanos, suspensions }
  }

  #activityWithout(nanosPerMicro: number): CpuActivity {
    const readings = this.#readings.map(({ timeMicros, nanos }) => ({
      timeMicros,
      nanos: nanos - nanosPerMicro * timeMicros,
    }))
    return new CpuActivity(readings)
  }

  #glance(): UndisturbingReading {
    const reading = this.#clock.glance()
    const last = this.#readings.at(-1)
    if (last === undefined || reading.timeMicros - last.timeMicros >= MIN_DISTANCE_MICROS) {
      this.#readings.push(reading)
    }
    if (this.#readings.length > MAX_READINGS) {
      this.#readings = this.#readings.filter((_, i) => i % 2 === 0)
    }
    return reading
  }

  #forgetReadingsBefore(endMicros: number): void {
    const after = this.#readings.findIndex(({ timeMicros }) => timeMicros > endMicros)
    const first = after < 0 ? this.#readings.length : after
    this.#readings = this.#readings.slice(Math.max(0, first - READINGS_BEFORE))
  }
}

function difference(from: number | undefined, until: number | undefined): number | undefined {
  return from === undefined || until === undefined ? undefined : Math.max(0, until - from)
}
