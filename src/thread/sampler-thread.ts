import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { SpanprofError } from '../errors.js'
import type { Log } from '../failure-burst.js'
import { onProcessEnd } from '../process-end.js'
import type { CpuTimeSource } from '../sampler/cpu-clock.js'
import { Counters } from './counters.js'
import { ExitHandshake } from './exit-handshake.js'
import type { LogMessage, RequestName, Requests, ThreadConfig, ThreadMessage } from './protocol.js'

/** What the sampler thread may use; it ends with an error rather than grow over this. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 4, stackSizeMb: 4 }

/** How long the exit of the process may wait, where nobody says otherwise. */
const EXIT_TIMEOUT_MILLIS = 2000

export interface SamplerThreadOptions {
  readonly samplingIntervalMicros: number
  readonly log: Log
  /** The thread ended though nobody asked it to. */
  readonly died: () => void
}

interface Pending {
  resolve(result: unknown): void
  reject(error: Error): void
  readonly keepsAlive: boolean
}

/** How a request is waited for. */
export interface RequestOptions {
  /** Ends it early. */
  readonly signal?: AbortSignal | undefined
  /** The process stays alive for it, as somebody waits. @default true */
  readonly keepsAlive?: boolean
}

/** The app's side of the sampler thread: starts it, asks of it, and waits for it at exit. */
export class SamplerThread {
  readonly counters = new Counters()
  /** How long the exit of the process may wait for the last window, in milliseconds. */
  exitTimeoutMillis = EXIT_TIMEOUT_MILLIS
  /** Hears what the thread says; of whoever has to hear it. */
  log: Log
  readonly #options: SamplerThreadOptions
  readonly #handshake = new ExitHandshake()
  readonly #worker: Worker
  readonly #logPort: MessagePort
  readonly #pending = new Map<number, Pending>()
  readonly #ready: Promise<void>
  readonly #ended: Promise<void>
  #settleReady!: Pick<Pending, 'resolve' | 'reject'>
  #cpuTimeSource: CpuTimeSource | undefined
  #nextId = 1
  #closing = false
  #left = false
  #death: SpanprofError | undefined
  readonly #stopWatchingForEnd: () => void

  /** @throws {SpanprofError} `ERR_SAMPLER_FAILED` */
  static async start(options: SamplerThreadOptions): Promise<SamplerThread> {
    const thread = new SamplerThread(options)
    await thread.#ready
    return thread
  }

  private constructor(options: SamplerThreadOptions) {
    this.#options = options
    this.log = options.log
    this.#ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve: () => resolve(), reject }
    })
    const { port1, port2 } = new MessageChannel()
    this.#logPort = port1.on('message', (message: LogMessage) => this.#say(message))
    this.#logPort.unref()
    this.#worker = this.#startWorker(port2)
    this.#ended = new Promise((resolve) => this.#worker.once('exit', () => resolve()))
    this.#worker.on('message', (message: ThreadMessage) => this.#hear(message))
    this.#worker.on('error', (error) => this.#die(error))
    this.#worker.on('exit', () => this.#die(new Error('it exited')))
    this.#stopWatchingForEnd = onProcessEnd(() => this.flushAndLeave())
  }

  /** What the CPU time of samples comes from. */
  get cpuTimeSource(): CpuTimeSource {
    return this.#cpuTimeSource ?? 'samplingInterval'
  }

  /**
   * @throws {SpanprofError} `ERR_SAMPLER_FAILED`
   * @throws the reason of the signal.
   */
  async request<Name extends RequestName>(
    name: Name,
    params: Requests[Name]['params'],
    { signal, keepsAlive = true }: RequestOptions = {},
  ): Promise<Requests[Name]['result']> {
    if (this.#death) throw this.#death
    signal?.throwIfAborted()
    const id = this.#nextId++
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, keepsAlive })
    })
    const cancel = () => {
      this.#worker.postMessage({ id: this.#nextId++, name: 'cancel', params: { id } })
      this.#pending.get(id)?.reject(signal?.reason)
    }
    signal?.addEventListener('abort', cancel)
    this.#refWhileAwaited()
    this.#worker.postMessage({ id, name, params })
    try {
      return (await answer) as Requests[Name]['result']
    } finally {
      signal?.removeEventListener('abort', cancel)
      this.#pending.delete(id)
      this.#refWhileAwaited()
    }
  }

  #refWhileAwaited(): void {
    const awaited = [...this.#pending.values()].some(({ keepsAlive }) => keepsAlive)
    if (awaited) this.#worker.ref()
    else this.#worker.unref()
  }

  /**
   * For the end of the process: blocks until the last window has reached its sinks, or the time is
   * up. Nothing is sampled afterwards.
   */
  flushAndLeave(): void {
    if (this.#left) return // A handler has waited, and now raises its signal again.
    this.#left = true
    this.#handshake.askAndWait(this.exitTimeoutMillis)
    this.#readLog()
  }

  /** Ends sampling and the thread, leaving nothing behind. */
  async close(): Promise<void> {
    this.#closing = true
    await this.request('close', undefined).finally(this.#stopWatchingForEnd)
    await this.#worker.terminate()
    await this.#ended
  }

  #startWorker(logPort: MessagePort): Worker {
    const { samplingIntervalMicros } = this.#options
    const workerData: ThreadConfig = {
      samplingIntervalMicros,
      counters: this.counters.memory,
      exit: this.#handshake.memory,
      logPort,
    }
    try {
      return new Worker(new URL('./main.js', import.meta.url), {
        name: 'spanprof',
        workerData,
        transferList: [logPort],
        resourceLimits: RESOURCE_LIMITS,
        // The app's own flags and NODE_OPTIONS would run its --import and --require files again.
        execArgv: [],
        env: {},
        // Whatever might be printed in the thread stays there.
        stdout: true,
        stderr: true,
      })
    } catch (error) {
      throw toSpanprofError(error as Error)
    }
  }

  #hear(message: ThreadMessage): void {
    this.#readLog() // What was said before it.
    switch (message.type) {
      case 'ready':
        this.#worker.unref()
        this.#cpuTimeSource = message.cpuTimeSource
        this.#settleReady.resolve(undefined)
        break
      case 'refused':
        this.#closing = true
        this.#stopWatchingForEnd()
        this.#settleReady.reject(toSpanprofError(message.error))
        break
      case 'answer':
        this.#pending.get(message.id)?.resolve(message.result)
        break
      case 'failure':
        this.#pending.get(message.id)?.reject(toSpanprofError(message.error))
    }
  }

  #say({ level, message }: LogMessage): void {
    this.log(level, message)
  }

  /** Without the event loop, which does not turn any more in the `exit` event. */
  #readLog(): void {
    for (let next = receiveMessageOnPort(this.#logPort); next !== undefined; ) {
      this.#say(next.message)
      next = receiveMessageOnPort(this.#logPort)
    }
  }

  #die(cause: Error): void {
    this.#readLog()
    this.#handshake.done()
    this.#stopWatchingForEnd()
    const error = new SpanprofError(
      'ERR_SAMPLER_FAILED',
      `the sampler thread ended: ${cause.message}`,
      { cause },
    )
    this.#death = error
    this.#settleReady.reject(error)
    for (const { reject } of this.#pending.values()) reject(error)
    if (this.#closing) return
    this.#closing = true
    this.log('warn', `profiling stopped: ${error.message}`)
    this.#options.died()
  }
}

function toSpanprofError(cause: { readonly message: string }): SpanprofError {
  return new SpanprofError('ERR_SAMPLER_FAILED', `sampling failed: ${cause.message}`, { cause })
}
