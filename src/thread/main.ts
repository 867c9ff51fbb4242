/**
 * The sampler thread: takes windows from V8, joins labels, folds, encodes and delivers, all away from
 * the app's thread. Run as a worker by `SamplerThread`.
 */
import { setTimeout } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { DirectorySink } from '../export/directory-sink.js'
import { functionName, placedFunctionName } from '../export/function-name.js'
import { encodePprof } from '../export/pprof.js'
import type { Profile } from '../export/profile.js'
import type { PushSinkReport } from '../export/push-report.js'
import { PyroscopeSink } from '../export/pyroscope-sink.js'
import type { Sink } from '../export/sink.js'
import type { Frame } from '../sample.js'
import { connectToMainThread } from '../sampler/in-process-transport.js'
import type { Transport } from '../sampler/transport.js'
import { NodeMaps } from '../source-maps/node-maps.js'
import { SourceMaps } from '../source-maps/source-maps.js'
import type { ResolvedSourceOptions } from '../source-options.js'
import { ContinuousProfile } from './continuous-profile.js'
import { Counters } from './counters.js'
import { ExitHandshake } from './exit-handshake.js'
import { finishedProfile } from './finished-profile.js'
import { HeapProfiling } from './heap-profiling.js'
import type {
  AgedProfile,
  ContinuousConfig,
  OneShotConfig,
  PullHeapConfig,
  RequestMessage,
  ThreadMessage,
} from './protocol.js'
import { type ThreadConfig, toThreadError } from './protocol.js'
import { PulledHeap } from './pulled-heap.js'
import { Sampling } from './sampling.js'

const config = workerData as ThreadConfig
const counters = new Counters(config.counters)
const handshake = new ExitHandshake(config.exit)

function say(message: ThreadMessage): void {
  parentPort?.postMessage(message)
}

const report: PushSinkReport = {
  written(bytes) {
    counters.add('profilesWritten')
    counters.add('bytesWritten', bytes)
  },
  dropped: () => counters.add('profilesDropped'),
  count: (counter, by) => counters.add(counter, by),
  log: (level, message) => say({ type: 'log', level, message }),
}

/** Everything that runs once V8 is connected. */
class SamplerThreadMain {
  readonly #transport: Transport
  readonly #sampling: Sampling
  readonly #sourceMaps: SourceMaps
  #continuous: ContinuousProfile | undefined
  /** What that was started with. */
  #config: ContinuousConfig | undefined
  #heap: HeapProfiling | undefined
  #ending: Promise<void> | undefined
  #pulledHeap: Promise<PulledHeap> | undefined
  /** By their requests' ids. */
  readonly #oneShots = new Map<number, AbortController>()

  constructor(transport: Transport, sampling: Sampling) {
    this.#transport = transport
    this.#sampling = sampling
    this.#sourceMaps = new SourceMaps(new NodeMaps(transport), {
      read: () => counters.add('sourceMapsRead'),
      failed: () => counters.add('sourceMapsFailed'),
      late: () => counters.add('sourceMapsLate'),
    })
  }

  async answer({ id, name, params }: RequestMessage): Promise<unknown> {
    switch (name) {
      case 'startContinuous':
        return this.#startContinuous(params)
      case 'flush':
        return this.#continuous?.flush()
      case 'stopContinuous':
        return this.#stopContinuous()
      case 'oneShot':
        return this.#oneShot(id, params)
      case 'cancel':
        return this.#oneShots.get(params.id)?.abort()
      case 'heapProfile':
        return this.#heapProfile()
      case 'pullHeap':
        return this.#pullHeap(params)
      case 'close':
        return this.end(AbortSignal.abort())
    }
  }

  /**
   * Takes the last window, brings it to the sinks and leaves the inspector.
   *
   * @param timeUp when sinks that send what they get elsewhere have to have done so.
   */
  end(timeUp: AbortSignal): Promise<void> {
    this.#ending ??= this.#end(timeUp)
    return this.#ending
  }

  async #end(timeUp: AbortSignal): Promise<void> {
    try {
      await this.#takeLastWindow()
      await this.#continuous?.close(timeUp)
    } finally {
      handshake.done()
    }
  }

  /** Leaves the inspector before sinks have their time: Node.js prints a line when it ends before. */
  async #takeLastWindow(): Promise<void> {
    try {
      await this.#sampling.end().catch((error) => {
        report.log('warn', `the last window is lost: ${error.message}`)
      })
      await this.#continuous?.end({ ended: true })
      await this.#closePulledHeap()
    } finally {
      this.#transport.close()
    }
  }

  async #startContinuous(config: ContinuousConfig): Promise<void> {
    const { appName, tags, types, heap, sources, flushIntervalMs, server } = config
    this.#config = config
    if (types.length > 0) await this.#sampling.begin()
    if (heap !== undefined) {
      await this.#closePulledHeap()
      const options = { ...heap, appName, tags, counters, log: report.log }
      this.#heap = await HeapProfiling.start(this.#transport, options)
    }
    this.#continuous = new ContinuousProfile(this.#sampling, {
      recordings: types.map((type) => ({ type, appName, tags })),
      heap: this.#heap,
      finish: (profile) => finishedProfile(profile, sources, this.#sourceMaps),
      flushIntervalMs,
      // A fleet that was started at once must not upload in step.
      firstFlushMs: server === undefined ? flushIntervalMs : flushIntervalMs * Math.random(),
      flushTimeoutMs: server?.flushTimeoutMs ?? 0,
      sinks: sinksOf(config),
      counters,
      log: report.log,
    })
  }

  async #stopContinuous(): Promise<void> {
    await this.#continuous?.end({ ended: false })
    await this.#continuous?.close()
    this.#continuous = undefined
    const heap = this.#heap
    this.#heap = undefined
    this.#config = undefined
    if (heap !== undefined) await this.#closePulledHeap()
    await heap?.stop()
  }

  async #heapProfile(): Promise<Uint8Array | undefined> {
    const sources = this.#config?.sources
    const profile = await this.#heap?.now()
    if (profile === undefined || sources === undefined) return undefined
    return encodePprof(await finishedProfile(profile, sources, this.#sourceMaps))
  }

  async #pullHeap({ fresh, ...config }: PullHeapConfig): Promise<AgedProfile | undefined> {
    this.#pulledHeap ??= this.#openPulledHeap(config)
    const pulled = await this.#pulledHeap
    // A profile of allocations is read and begun anew for the sinks alone.
    return pulled.take(fresh || this.#config?.heap?.allocations === true)
  }

  /** The heap of a running profiler; without one it is sampled from the first pull on. */
  async #openPulledHeap(config: Omit<PullHeapConfig, 'fresh'>): Promise<PulledHeap> {
    const { heap, sources, ...options } = config
    const encode = async (profile: Profile) =>
      encodePprof(await finishedProfile(profile, sources, this.#sourceMaps), placedNames(sources))
    if (this.#heap) return new PulledHeap(this.#heap, { isOwn: false, encode })
    const all = { ...heap, ...options, counters, log: report.log }
    const profiling = await HeapProfiling.start(this.#transport, all)
    return new PulledHeap(profiling, { isOwn: true, encode })
  }

  async #closePulledHeap(): Promise<void> {
    const pulled = this.#pulledHeap
    this.#pulledHeap = undefined
    await (await pulled)?.close()
  }

  async #oneShot(id: number, config: OneShotConfig): Promise<Uint8Array> {
    const { type, appName, tags, sources, durationMs, names } = config
    const cancelled = new AbortController()
    this.#oneShots.set(id, cancelled)
    await this.#sampling.begin()
    const recording = this.#sampling.open({ type, appName, tags })
    try {
      await setTimeout(durationMs, undefined, { signal: cancelled.signal })
      await this.#sampling.catchUp()
    } finally {
      this.#sampling.close(recording)
      this.#oneShots.delete(id)
    }
    const profile = await finishedProfile(recording.finish(), sources, this.#sourceMaps)
    return encodePprof(profile, names === 'placed' ? placedNames(sources) : functionName)
  }
}

function placedNames({ shortenPaths }: ResolvedSourceOptions): (frame: Frame) => string {
  const options = { cwd: process.cwd(), shortenPaths }
  return (frame) => placedFunctionName(frame, options)
}

function sinksOf({ outputDir, server, cwd, sources }: ContinuousConfig): Sink[] {
  const places = { cwd, shortenPaths: sources.shortenPaths }
  return [
    ...(outputDir === undefined ? [] : [new DirectorySink(outputDir, report)]),
    ...(server === undefined ? [] : [new PyroscopeSink(server, places, report)]),
  ]
}

/** Of the time that the exit waits, a part is for what has to be done when the sinks' is up. */
const SINKS_SHARE = 0.9

async function run(): Promise<void> {
  if (!handshake.connecting()) return // The process is ending already.
  // Messages of the inspector do not keep a worker's event loop alive.
  const keepAlive = setInterval(() => {}, 60_000)
  try {
    const transport = connectToMainThread()
    const { samplingIntervalMicros } = config
    const sampling = await Sampling.prepare(transport, samplingIntervalMicros, counters, report.log)
    const main = new SamplerThreadMain(transport, sampling)
    parentPort?.on('message', (request: RequestMessage) => {
      main.answer(request).then(
        (result) => say({ type: 'answer', id: request.id, result }),
        (error) => say({ type: 'failure', id: request.id, error: toThreadError(error) }),
      )
    })
    void handshake.asked().then((timeoutMillis) => {
      return main.end(AbortSignal.timeout(timeoutMillis * SINKS_SHARE))
    })
    say({ type: 'ready', cpuTimeSource: sampling.cpuTimeSource })
  } catch (error) {
    clearInterval(keepAlive)
    handshake.done()
    say({ type: 'refused', error: toThreadError(error) })
  }
}

await run()
