/**
 * The sampler thread: takes windows from V8, joins labels, folds, encodes and delivers, all away from
 * the app's thread. Run as a worker by `SamplerThread`.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { DirectorySink } from '../export/directory-sink.js'
import { encodePprof } from '../export/pprof.js'
import type { SinkReport } from '../export/sink.js'
import { connectToMainThread } from '../sampler/in-process-transport.js'
import type { Transport } from '../sampler/transport.js'
import { NodeMaps } from '../source-maps/node-maps.js'
import { SourceMaps } from '../source-maps/source-maps.js'
import { ContinuousProfile } from './continuous-profile.js'
import { Counters } from './counters.js'
import { ExitHandshake } from './exit-handshake.js'
import { finishedProfile } from './finished-profile.js'
import type { ContinuousConfig, OneShotConfig, RequestMessage, ThreadMessage } from './protocol.js'
import { type ThreadConfig, toThreadError } from './protocol.js'
import { Sampling } from './sampling.js'

const config = workerData as ThreadConfig
const counters = new Counters(config.counters)
const handshake = new ExitHandshake(config.exit)

function say(message: ThreadMessage): void {
  parentPort?.postMessage(message)
}

const report: SinkReport = {
  written(bytes) {
    counters.add('profilesWritten')
    counters.add('bytesWritten', bytes)
  },
  dropped: () => counters.add('profilesDropped'),
  log: (level, message) => say({ type: 'log', level, message }),
}

/** Everything that runs once V8 is connected. */
class SamplerThreadMain {
  readonly #transport: Transport
  readonly #sampling: Sampling
  readonly #sourceMaps: SourceMaps
  #continuous: ContinuousProfile | undefined
  #ending: Promise<void> | undefined

  constructor(transport: Transport, sampling: Sampling) {
    this.#transport = transport
    this.#sampling = sampling
    this.#sourceMaps = new SourceMaps(new NodeMaps(transport), {
      read: () => counters.add('sourceMapsRead'),
      failed: () => counters.add('sourceMapsFailed'),
      late: () => counters.add('sourceMapsLate'),
    })
  }

  async answer({ name, params }: RequestMessage): Promise<unknown> {
    switch (name) {
      case 'startContinuous':
        return this.#startContinuous(params)
      case 'flush':
        return this.#continuous?.flush()
      case 'stopContinuous':
        return this.#stopContinuous()
      case 'oneShot':
        return this.#oneShot(params)
      case 'close':
        return this.end()
    }
  }

  /** Takes the last window, brings it to the sinks and leaves the inspector. */
  end(): Promise<void> {
    this.#ending ??= this.#end()
    return this.#ending
  }

  async #end(): Promise<void> {
    try {
      await this.#sampling.end().catch((error) => {
        report.log('warn', `the last window is lost: ${error.message}`)
      })
      await this.#continuous?.stop({ ended: true })
    } finally {
      this.#transport.close()
      handshake.done()
    }
  }

  #startContinuous(config: ContinuousConfig): void {
    const { appName, tags, types, sources, flushIntervalMs, outputDir } = config
    this.#continuous = new ContinuousProfile(this.#sampling, {
      recordings: types.map((type) => ({ type, appName, tags })),
      flushIntervalMs,
      finish: (profile) => finishedProfile(profile, sources, this.#sourceMaps),
      sinks: outputDir === undefined ? [] : [new DirectorySink(outputDir, report)],
      counters,
      log: report.log,
    })
  }

  async #stopContinuous(): Promise<void> {
    const continuous = this.#continuous
    this.#continuous = undefined
    await continuous?.stop({ ended: false })
  }

  async #oneShot(config: OneShotConfig): Promise<Uint8Array> {
    const { type, appName, tags, sources, durationMs } = config
    const recording = this.#sampling.open({ type, appName, tags })
    await new Promise((resolve) => setTimeout(resolve, durationMs))
    await this.#sampling.catchUp()
    this.#sampling.close(recording)
    return encodePprof(await finishedProfile(recording.finish(), sources, this.#sourceMaps))
  }
}

async function run(): Promise<void> {
  if (!handshake.connecting()) return // The process is ending already.
  // Messages of the inspector do not keep a worker's event loop alive.
  const keepAlive = setInterval(() => {}, 60_000)
  try {
    const transport = connectToMainThread()
    const { samplingIntervalMicros } = config
    const sampling = await Sampling.start(transport, samplingIntervalMicros, counters, report.log)
    const main = new SamplerThreadMain(transport, sampling)
    parentPort?.on('message', (request: RequestMessage) => {
      main.answer(request).then(
        (result) => say({ type: 'answer', id: request.id, result }),
        (error) => say({ type: 'failure', id: request.id, error: toThreadError(error) }),
      )
    })
    void handshake.asked().then(() => main.end())
    say({ type: 'ready', cpuTimeSource: sampling.cpuTimeSource })
  } catch (error) {
    clearInterval(keepAlive)
    handshake.done()
    say({ type: 'refused', error: toThreadError(error) })
  }
}

await run()
