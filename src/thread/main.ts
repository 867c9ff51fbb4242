/**
 * The sampler thread: takes windows from V8, joins labels, folds, encodes and delivers, all away from
 * the app's thread. Run as a worker by `SamplerThread`.
 */
import { parentPort, workerData } from 'node:worker_threads'
import type { PushSinkReport } from '../export/pyroscope/push-report.js'
import { connectToMainThread } from '../sampler/in-process-transport.js'
import type { Transport } from '../sampler/transport.js'
import { NodeMaps } from '../source-maps/node-maps.js'
import { SourceMaps } from '../source-maps/source-maps.js'
import { ContinuousProfile } from './continuous-profile.js'
import { Counters } from './counters.js'
import { ExitHandshake } from './exit-handshake.js'
import { Finish } from './finish.js'
import { HeapProfiles } from './heap-profiles.js'
import { OneShots } from './one-shots.js'
import {
  type ContinuousConfig,
  type LogMessage,
  type RequestMessage,
  type ThreadConfig,
  type ThreadMessage,
  toThreadError,
} from './protocol.js'
import { Sampling } from './sampling.js'
import { sinksOf } from './sinks.js'

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
  log: (level, message) => config.logPort.postMessage({ level, message } satisfies LogMessage),
}

/** Everything that runs once V8 is connected. */
class SamplerThreadMain {
  readonly #transport: Transport
  readonly #sampling: Sampling
  readonly #finish: Finish
  readonly #oneShots: OneShots
  readonly #heap: HeapProfiles
  #continuous: ContinuousProfile | undefined
  #ending: Promise<void> | undefined

  constructor(transport: Transport, sampling: Sampling) {
    this.#transport = transport
    this.#sampling = sampling
    const maps = new SourceMaps(new NodeMaps(transport), {
      read: () => counters.add('sourceMapsRead'),
      failed: () => counters.add('sourceMapsFailed'),
      late: () => counters.add('sourceMapsLate'),
    })
    this.#finish = new Finish(maps, counters)
    this.#oneShots = new OneShots(sampling, this.#finish)
    const { log } = report
    this.#heap = new HeapProfiles({ transport, finish: this.#finish, counters, log })
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
        return this.#oneShots.take(id, params)
      case 'cancel':
        return this.#oneShots.cancel(params.id)
      case 'heapProfile':
        return this.#heap.now()
      case 'pullHeap':
        return this.#heap.pull(params)
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
      await this.#heap.stop('pull')
    } finally {
      this.#transport.close()
    }
  }

  async #startContinuous(config: ContinuousConfig): Promise<void> {
    const { appName, tags, types, heap, sources, flushIntervalMs, server } = config
    const sinks = sinksOf(config, report)
    if (types.length > 0) await this.#sampling.begin()
    this.#continuous = new ContinuousProfile(this.#sampling, {
      recordings: types.map((type) => ({ type, appName, tags })),
      heap: heap && (await this.#heap.start({ appName, tags, heap, sources })),
      finish: (profile) => this.#finish.places(profile, sources),
      flushIntervalMs,
      // A fleet that was started at once must not upload in step.
      firstFlushMs: server === undefined ? flushIntervalMs : flushIntervalMs * Math.random(),
      flushTimeoutMs: server?.flushTimeoutMs ?? 0,
      sinks,
      counters,
      log: report.log,
    })
  }

  async #stopContinuous(): Promise<void> {
    await this.#continuous?.end({ ended: false })
    await this.#continuous?.close()
    this.#continuous = undefined
    await this.#heap.stop('profiler')
  }
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
      return main.end(AbortSignal.timeout(Math.floor(timeoutMillis * SINKS_SHARE)))
    })
    say({ type: 'ready', cpuTimeSource: sampling.cpuTimeSource })
  } catch (error) {
    clearInterval(keepAlive)
    handshake.done()
    say({ type: 'refused', error: toThreadError(error) })
  }
}

await run()
