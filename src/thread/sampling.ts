import { type LabelledWindow, Recording, type RecordingOptions } from '../export/recording.js'
import { FailureBurst, type Log } from '../failure-burst.js'
import { type JoinedLabels, LabelJoin } from '../labels/label-join.js'
import type { OpenLabels, Suspension } from '../sample.js'
import { ConsoleProfiles } from '../sampler/console-profiles.js'
import { type CpuTimeSource, mainThreadCpuClock, nowMicros } from '../sampler/cpu-clock.js'
import { lateSamples } from '../sampler/late-samples.js'
import { type FinishedWindow, RollingWindows } from '../sampler/rolling-windows.js'
import type { Transport } from '../sampler/transport.js'
import { MAX_LENGTH_MILLIS, MIN_LENGTH_MILLIS } from '../sampler/window-length.js'
import type { Counters } from './counters.js'

/**
 * Label sets a second from which on windows are kept short. The agent holds a set until its window is
 * over; held for a second, it would grow old in V8's heap, which keeps the dead ones there for long.
 */
const MANY_LABEL_SETS = 500
/**
 * Switches of labels in a window: a quarter of what the agent remembers, as the next one may have more.
 * Windows are shortened by no more than that takes: each one costs the app's thread a pause.
 */
const MAX_SWITCHES = 65_000

/**
 * Windows from V8, labelled, into every recording that is open: the continuous one, and any number of
 * one-shots beside it.
 */
export class Sampling {
  readonly cpuTimeSource: CpuTimeSource
  readonly #samplingIntervalMicros: number
  readonly #counters: Counters
  readonly #windows: RollingWindows
  readonly #join: LabelJoin
  readonly #recordings = new Set<Recording>()
  readonly #restarts: FailureBurst
  readonly #labelFailures: FailureBurst
  readonly #overruled: FailureBurst
  #maxLengthMillis = MAX_LENGTH_MILLIS
  #begun: Promise<void> | undefined

  /** Samples nothing yet: see {@link begin}. */
  static async prepare(
    transport: Transport,
    samplingIntervalMicros: number,
    counters: Counters,
    log: Log,
  ): Promise<Sampling> {
    const cpuClock = await mainThreadCpuClock(transport)
    return new Sampling(transport, cpuClock, samplingIntervalMicros, counters, log)
  }

  private constructor(
    transport: Transport,
    cpuClock: Awaited<ReturnType<typeof mainThreadCpuClock>>,
    samplingIntervalMicros: number,
    counters: Counters,
    log: Log,
  ) {
    this.cpuTimeSource = cpuClock.source
    this.#samplingIntervalMicros = samplingIntervalMicros
    this.#counters = counters
    this.#restarts = new FailureBurst(log)
    this.#labelFailures = new FailureBurst(log)
    this.#overruled = new FailureBurst(log)
    this.#join = new LabelJoin((method, params) => transport.send(method, params))
    this.#windows = new RollingWindows({
      profiles: new ConsoleProfiles(transport),
      cpuClock,
      samplingIntervalMicros,
      deliver: (window) => this.#take(window),
      maxLengthMillis: () => this.#maxLengthMillis,
      restarted: (cause) => {
        counters.add('samplerRestarts')
        this.#restarts.failed(`sampling was restarted: ${cause.message}`)
      },
    })
  }

  /** Starts V8's sampler, which walks all compiled code; to be called before a recording is opened. */
  begin(): Promise<void> {
    this.#begun ??= this.#windows.start()
    return this.#begun
  }

  /** A recording takes samples from `startMicros` on, until it is closed. */
  open(
    options: Omit<RecordingOptions, 'samplingIntervalMicros'>,
    startMicros = nowMicros(),
  ): Recording {
    const ageMillis = (nowMicros() - startMicros) / 1000
    const samplingIntervalMicros = this.#samplingIntervalMicros
    const recording = new Recording(
      { ...options, samplingIntervalMicros },
      startMicros,
      Date.now() - ageMillis,
    )
    this.#recordings.add(recording)
    return recording
  }

  close(recording: Recording): void {
    this.#recordings.delete(recording)
  }

  /** Resolves when everything sampled before this call is in the recordings. */
  async catchUp(): Promise<void> {
    if (this.#begun === undefined) return
    await this.#begun
    await this.#windows.rotate()
  }

  /** Takes the last window and stops V8's profiler. Idempotent. */
  async end(): Promise<void> {
    await this.#windows.close()
  }

  async #take(window: FinishedWindow): Promise<void> {
    const labelled = { ...window, labelsOfSample: await this.#labelsOf(window) }
    this.#count(labelled)
    for (const recording of this.#recordings) recording.add(labelled)
    if (window.samples.length > 0) {
      this.#restarts.recovered((failures) => `sampling continues after ${failures} restarts`)
    }
  }

  /** Without labels rather than without samples, should the profiled thread not answer. */
  async #labelsOf({
    samples,
    waitingOfSample,
    startMicros,
    endMicros,
  }: FinishedWindow): Promise<(OpenLabels | undefined)[]> {
    const times = samples.map(({ timeMicros }) => timeMicros)
    try {
      const joined = await this.#join.labelsAt(times, endMicros, this.#oldestSample(endMicros))
      this.#maxLengthMillis = maxLengthMillis(joined, (endMicros - startMicros) / 1e6)
      const lost = samples.filter(({ idle }, i) => joined.isLost[i] && !idle && !waitingOfSample[i])
      this.#counters.add('lostLabelSamples', lost.length)
      this.#labelFailures.recovered(
        (failures) => `labels work again after ${failures} windows without them`,
      )
      this.#warnOf(joined.overruledKeys)
      return joined.labelsOfSample
    } catch (error) {
      this.#counters.add('labelFailures')
      this.#labelFailures.failed(`a window has no labels: ${(error as Error).message}`)
      return []
    }
  }

  /** No recording has a sample from before. */
  #oldestSample(endMicros: number): number {
    return Math.min(endMicros, ...[...this.#recordings].map(({ startMicros }) => startMicros))
  }

  #warnOf(overruledKeys: readonly string[]): void {
    if (overruledKeys.length === 0) return
    this.#counters.add('labelsOverruled', overruledKeys.length)
    const keys = overruledKeys.join(', ')
    this.#overruled.failed(`withLabels sets ${keys} inside a span; the span's own is kept`)
  }

  #count(window: LabelledWindow & FinishedWindow): void {
    const { samples, waitingOfSample, labelsOfSample } = window
    const idle = samples.filter((sample) => sample.idle).length
    const waiting = waitingOfSample.filter((isWaiting) => isWaiting).length
    const unlabelled = samples.filter(
      ({ idle }, i) => !idle && !waitingOfSample[i] && isEmpty(labelsOfSample[i]),
    ).length
    this.#counters.add('windows')
    this.#counters.add('samples', samples.length - idle - waiting)
    this.#counters.add('waitingSamples', waiting)
    this.#counters.add('idleSamples', idle)
    this.#counters.add('lateSamples', lateSamples(window, this.#samplingIntervalMicros))
    this.#counters.add('unlabelledSamples', unlabelled)
    this.#counters.add('cpuNanos', sum(window.cpuNanosOfSample))
    this.#counters.add('processCpuNanos', window.processCpuNanos)
    this.#counters.add('cpuWaitNanos', window.cpuWaitNanos)
    this.#counters.add('suspendedNanos', suspendedNanos(window.suspensions))
    this.#counters.add('pauseMicros', sum(window.pausesMicros))
    this.#counters.raiseTo('maxPauseMicros', Math.max(...window.pausesMicros))
  }
}

function maxLengthMillis({ made, switches }: JoinedLabels, seconds: number): number {
  if (made > MANY_LABEL_SETS * seconds) return MIN_LENGTH_MILLIS
  const full = (MAX_SWITCHES / switches) * seconds * 1000 // Infinity without a switch.
  return Math.min(MAX_LENGTH_MILLIS, Math.max(MIN_LENGTH_MILLIS, full))
}

function isEmpty(labels: OpenLabels | undefined): boolean {
  return !labels?.own?.pairs.length && !labels?.carried?.pairs.length
}

function suspendedNanos(suspensions: readonly Suspension[]): number {
  return sum(suspensions.map(({ fromMicros, untilMicros }) => (untilMicros - fromMicros) * 1000))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
