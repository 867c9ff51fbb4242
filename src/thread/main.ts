/**
 * The sampler thread: takes windows from V8, joins labels, folds, encodes and delivers, all away from
 * the app's thread. Run as a worker by `SamplerThread`.
 */
import { setTimeout } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { DirectorySink } from '../export/directory-sink.js'
import { functionName, placedFunctionName } from '../export/function-name.js'
import { encodePprof } from '../export/pprof.js'
import type { SinkReport } from '../export/sink.js'
import type { Frame } from '../sample.js'
import { connectToMainThread } from '../sampler/in-process-transport.js'
import type { Transport } from '../sampler/transport.js'
import { ContinuousProfile } from './continuous-profile.js'
import { Counters } from './counters.js'
import { ExitHandshake } from './exit-handshake.js'
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
  #continuous: ContinuousProfile | undefined
  #ending: Promise<void> | undefined
  /** By their requests' ids. */
  readonly #oneShots = new Map<number, AbortController>()

  constructor(transport: Transport, sampling: Sampling) {
    this.#transport = transport
    this.#sampling = sampling
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

  #startContinuous({ appName, tags, types, flushIntervalMs, outputDir }: ContinuousConfig): void {
    this.#continuous = new ContinuousProfile(this.#sampling, {
      recordings: types.map((type) => ({ type, appName, tags })),
      flushIntervalMs,
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

  async #oneShot(id: number, config: OneShotConfig): Promise<Uint8Array> {
    const { type, appName, tags, durationMs, names } = config
    const cancelled = new AbortController()
    this.#oneShots.set(id, cancelled)
    const recording = this.#sampling.open({ type, appName, tags })
    try {
      await setTimeout(durationMs, undefined, { signal: cancelled.signal })
      await this.#sampling.catchUp()
    } finally {
      this.#sampling.close(recording)
      this.#oneShots.delete(id)
    }
    const cwd = process.cwd()
    const nameOf = (frame: Frame) => placedFunctionName(frame, cwd)
    return encodePprof(recording.finish(), names === 'placed' ? nameOf : functionName)
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
