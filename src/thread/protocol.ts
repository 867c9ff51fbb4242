import type { MessagePort } from 'node:worker_threads'
import type { LogLevel } from '../failure-burst.js'
import type { ResolvedHeapOptions } from '../options/heap-options.js'
import type { ServerConfig } from '../options/server-config.js'
import type { ResolvedSourceOptions } from '../options/source-options.js'
import type { LabelPairs, RecordedType } from '../sample.js'
import type { CpuTimeSource } from '../sampler/cpu-clock.js'
import type { FunctionNames } from './finish.js'

/** What the sampler thread is started with. */
export interface ThreadConfig {
  readonly samplingIntervalMicros: number
  /** Memory of {@link Counters}. */
  readonly counters: SharedArrayBuffer
  /** Memory of {@link ExitHandshake}. */
  readonly exit: SharedArrayBuffer
  /** Takes {@link LogMessage}s: a port of their own can be read when the process ends. */
  readonly logPort: MessagePort
}

/** What a continuous profile is started with. */
export interface ContinuousConfig {
  readonly appName: string
  readonly tags: LabelPairs
  readonly flushIntervalMs: number
  readonly types: readonly RecordedType[]
  readonly heap: ResolvedHeapOptions | undefined
  readonly sources: ResolvedSourceOptions
  readonly outputDir: string | undefined
  readonly server: ServerConfig | undefined
  /** The app's working directory, which names of functions are relative to. */
  readonly cwd: string
}

/** What a one-shot profile is made with. */
export interface OneShotConfig {
  readonly appName: string
  readonly tags: LabelPairs
  readonly type: RecordedType
  readonly sources: ResolvedSourceOptions
  readonly durationMs: number
  readonly names: FunctionNames
}

/** What the heap is sampled for. */
export interface HeapConfig {
  readonly appName: string
  readonly tags: LabelPairs
  readonly heap: ResolvedHeapOptions
  readonly sources: ResolvedSourceOptions
}

/** What a heap profile is pulled with. */
export interface PullHeapConfig extends HeapConfig {
  /** Now, whatever the pause. */
  readonly fresh: boolean
}

/** An encoded profile that may have been taken a while ago. */
export interface AgedProfile {
  readonly bytes: Uint8Array
  readonly ageMillis: number
  /** It is empty: nothing was read at a first pull, which would have been a full garbage collection. */
  readonly unread: boolean
}

/** What the app's thread may ask of the sampler thread, with the answers. */
export interface Requests {
  startContinuous: { params: ContinuousConfig; result: undefined }
  flush: { params: undefined; result: undefined }
  stopContinuous: { params: undefined; result: undefined }
  /** The encoded profile. */
  oneShot: { params: OneShotConfig; result: Uint8Array }
  /** Ends a `oneShot` early, which then fails. */
  cancel: { params: { readonly id: number }; result: undefined }
  /** The encoded profile; none where V8 samples the heap for somebody else. */
  heapProfile: { params: undefined; result: Uint8Array | undefined }
  /** Likewise for somebody who pulls, with or without a profiler. */
  pullHeap: { params: PullHeapConfig; result: AgedProfile | undefined }
  /** Ends sampling; the thread ends by itself afterwards. */
  close: { params: undefined; result: undefined }
}

export type RequestName = keyof Requests

export type RequestMessage = {
  [Name in RequestName]: {
    readonly id: number
    readonly name: Name
    readonly params: Requests[Name]['params']
  }
}[RequestName]

/** What the sampler thread says. */
export type ThreadMessage =
  | { readonly type: 'ready'; readonly cpuTimeSource: CpuTimeSource }
  | { readonly type: 'refused'; readonly error: ThreadError }
  | { readonly type: 'answer'; readonly id: number; readonly result: unknown }
  | { readonly type: 'failure'; readonly id: number; readonly error: ThreadError }

/** What it has to say to a person. */
export interface LogMessage {
  readonly level: LogLevel
  readonly message: string
}

/** An error that crosses threads. */
export interface ThreadError {
  readonly message: string
}

export function toThreadError(error: unknown): ThreadError {
  return { message: error instanceof Error ? error.message : String(error) }
}
