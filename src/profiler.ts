import { randomUUID } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { SpanprofError } from './errors.js'
import type { Log } from './failure-burst.js'
import { flushOnSignals } from './flush-on-signals.js'
import { type HeapProfileResult, heapProfile } from './heap-result.js'
import { toLog } from './logger.js'
import type { Environment } from './options/option-checks.js'
import {
  type ProfilerOptions,
  type ResolvedProfilerOptions,
  resolveProfilerOptions,
} from './options/profiler-options.js'
import type { ServerConfig } from './options/server-config.js'
import type { ResolvedServerOptions } from './options/server-options.js'
import { assertSupportedRuntime, runtimeWarning } from './runtime-support.js'
import { type Lease, leaseSamplerThread } from './shared-thread.js'
import { type ProfilerStats, toStats } from './stats.js'

/** A running profiler. */
export interface Profiler {
  /**
   * Resolves when everything sampled so far has reached its sinks, or has been counted as dropped.
   *
   * @throws {SpanprofError} `ERR_SAMPLER_FAILED` when the sampler thread has died.
   */
  flush(): Promise<void>
  /**
   * Flushes, then leaves no trace: hooks are undone, the thread and its timers are gone. May be called
   * twice; a new profiler can be started afterwards.
   */
  stop(): Promise<void>
  /**
   * What is in use on the heap now, or with `heap.allocations` what has been allocated since the last
   * flush; the number of objects is an estimate. Before Node.js 26 this is a full garbage collection
   * on request, which stalls the app for about a second for each GiB in use; requests at the same time
   * share one.
   *
   * @throws {SpanprofError} `ERR_HEAP_NOT_PROFILED` where the option `heap` is off, somebody else
   *   samples the heap, or the profiler has been stopped; `ERR_SAMPLER_FAILED` where V8 refuses.
   */
  heapProfile(): Promise<HeapProfileResult>
  /** Counters since the start. Costs nothing to read. */
  stats(): ProfilerStats
}

let running: Promise<Profiler> | undefined

/** @see startProfiler in `index.ts` */
export async function startProfiler(
  options: ProfilerOptions,
  environment: Environment = process.env,
): Promise<Profiler> {
  const resolved = resolveProfilerOptions(options, environment)
  if (running !== undefined) {
    throw new SpanprofError(
      'ERR_ALREADY_RUNNING',
      'a profiler is already running in this process (startProfiler, the drop-in or spanprof/register); stop it before starting another',
    )
  }
  running = start(resolved)
  try {
    return await running
  } catch (error) {
    running = undefined
    throw error
  }
}

async function start(options: ResolvedProfilerOptions): Promise<Profiler> {
  assertSupportedRuntime()
  const outputDir = options.outputDir && resolve(options.outputDir)
  if (outputDir !== undefined) await assertWritable('outputDir', outputDir, 'ERR_OUTPUT_DIR')
  const server = options.server && (await serverConfig(options.server))
  const log: Log = toLog(options.logger)
  const warning = runtimeWarning()
  if (warning !== undefined) log('warn', warning)
  const { types, heap } = options
  const lease = await leaseSamplerThread(options.samplingIntervalMicros, log, {
    labels: types.length > 0,
  })
  const { thread } = lease
  thread.log = log
  thread.exitTimeoutMillis = options.exitTimeoutMs
  const { appName, tags, flushIntervalMs, sources } = options
  const profile = { appName, tags, flushIntervalMs, types, heap, sources }
  try {
    await thread.request('startContinuous', { ...profile, outputDir, server, cwd: process.cwd() })
  } catch (error) {
    await lease.release()
    throw error
  }
  const stopSignals = options.flushOnSignals ? flushOnSignals(thread) : () => {}
  let stopping: Promise<void> | undefined
  let heapAsked: Promise<HeapProfileResult> | undefined
  return {
    flush: () => (stopping !== undefined ? stopping : thread.request('flush', undefined)),
    stop() {
      stopping ??= stop(lease, stopSignals)
      return stopping
    },
    async heapProfile() {
      if (heap === undefined || stopping !== undefined) throw heapNotProfiled(stopping)
      heapAsked ??= heapProfile(thread).finally(() => {
        heapAsked = undefined
      })
      return heapAsked
    },
    stats: () => toStats(thread),
  }
}

function heapNotProfiled(stopping: Promise<void> | undefined): SpanprofError {
  return new SpanprofError(
    'ERR_HEAP_NOT_PROFILED',
    stopping === undefined
      ? 'the heap is not sampled: start the profiler with heap: true'
      : 'the heap is not sampled any more: the profiler has been stopped',
  )
}

async function stop(lease: Lease, stopSignals: () => void): Promise<void> {
  stopSignals()
  try {
    await lease.thread.request('stopContinuous', undefined)
  } catch {
    // The sampler thread has died, which was logged. There is nothing left to flush.
  } finally {
    await lease.release()
    running = undefined
  }
}

/** A server's options with what can be wrong about them found out now, and not at the first upload. */
async function serverConfig(server: ResolvedServerOptions): Promise<ServerConfig> {
  const spoolDir = server.spoolDir && resolve(server.spoolDir)
  if (spoolDir !== undefined) await assertWritable('spoolDir', spoolDir, 'ERR_SPOOL_DIR')
  const { readTlsMaterial } = await import('./options/tls-material.js')
  return { ...server, spoolDir, tls: await readTlsMaterial(server.tls) }
}

/** By writing: permissions, quotas and read-only file systems all have their say only then. */
async function assertWritable(
  option: string,
  directory: string,
  code: 'ERR_OUTPUT_DIR' | 'ERR_SPOOL_DIR',
): Promise<void> {
  const probe = join(directory, `.spanprof-${randomUUID()}`)
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await writeFile(probe, '', { mode: 0o600, flag: 'wx' })
    await rm(probe)
  } catch (cause) {
    const message = `${option} '${directory}' cannot be written to: ${(cause as Error).message}`
    throw new SpanprofError(code, message, { cause })
  }
}
