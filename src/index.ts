import * as dropIn from './drop-in/index.js'
import { type Labels, sharedAgent } from './labels/agent.js'
import type { ProfileResult } from './one-shot.js'
import type { ProfileOptions, ProfilerOptions } from './options/profiler-options.js'
import type { Profiler } from './profiler.js'

export type { PyroscopeConfig, PyroscopeHeapConfig, PyroscopeWallConfig } from './drop-in/config.js'
export * from './drop-in/index.js'
export type { PullHandler, PullPlugin } from './drop-in/pull.js'
export type { EncodedProfile } from './encoded-profile.js'
export { SpanprofError, type SpanprofErrorCode } from './errors.js'
export type { HeapProfileResult } from './heap-result.js'
export type { Labels } from './labels/agent.js'
export type { Logger } from './logger.js'
export type { ProfileResult } from './one-shot.js'
export type { HeapOptions } from './options/heap-options.js'
export type { ProfileOptions, ProfilerOptions } from './options/profiler-options.js'
export type { Profiler } from './profiler.js'
export type { CpuTimeSource } from './sampler/cpu-clock.js'
export type { ProfilerStats } from './stats.js'

/**
 * Starts to profile this process, until `stop()` or its end. Whatever happens afterwards, an
 * unwritable disk or a profiled thread that does not answer, the app goes on; `stats()` counts it.
 *
 * The start stalls the app once, while V8 looks up every compiled function: by 10 to 25 ms on a small
 * app, by 0.1 to 0.4 s on one that runs the TypeScript compiler.
 *
 * @throws {SpanprofError} `ERR_UNKNOWN_OPTION`, `ERR_INVALID_OPTION`, `ERR_NO_SINK`, `ERR_OUTPUT_DIR`,
 *   `ERR_SPOOL_DIR`, `ERR_ALREADY_RUNNING`, `ERR_NOT_MAIN_THREAD`, `ERR_UNSUPPORTED_RUNTIME`,
 *   `ERR_INSPECTOR_UNAVAILABLE`, `ERR_WORKER_DENIED`, `ERR_SAMPLER_FAILED`
 */
export async function startProfiler(options: ProfilerOptions): Promise<Profiler> {
  // Loaded when it is needed: an app that only labels its work should start fast.
  const profiler = await import('./profiler.js')
  return profiler.startProfiler(options)
}

/**
 * Profiles this process for a while. May run beside a profiler and beside others of its kind, which
 * notice nothing of it.
 *
 * @throws {SpanprofError} as `startProfiler`; `ERR_ALREADY_RUNNING` when the process is being sampled
 *   at another interval.
 */
export async function profile(options: ProfileOptions): Promise<ProfileResult> {
  const oneShot = await import('./one-shot.js')
  return oneShot.profile(options)
}

/**
 * Runs `fn` so that every sample taken in it, and in whatever it starts asynchronously, carries
 * `labels`. Scopes nest: an inner label of the same key goes before an outer one, and an empty value
 * removes it. Works without a profiler too, at the cost of one `AsyncLocalStorage.run`.
 *
 * @param labels keys of 1 to 1,024 bytes, values of up to 2,048; longer ones are cut and counted. At
 *   most a hundred are kept on a scope.
 * @returns what `fn` returns; what it throws passes through.
 * @throws {SpanprofError} `ERR_INVALID_LABEL` for a value that is neither a string nor a number, or an
 *   empty key.
 * @example
 * const total = await withLabels({ tenant: 'acme' }, async () => price(cart))
 */
export function withLabels<T>(labels: Labels, fn: () => T): T {
  return sharedAgent().run(labels, fn)
}

/**
 * Adds labels to the scope of the nearest `withLabels` around the call: a tenant that is known only
 * after authentication reaches the whole request. They apply to everything that runs in that scope,
 * and to the samples already taken in it since the last profile was written. Scopes inside that were
 * opened before do not get them. (The first call in a process reaches no earlier samples.)
 *
 * @param labels as for `withLabels`.
 * @returns whether there is a scope; without one nothing happens.
 * @throws {SpanprofError} `ERR_INVALID_LABEL` as `withLabels`.
 * @example
 * withLabels({ route: '/cart' }, async () => {
 *   const user = await authenticate(request)
 *   updateLabels({ tenant: user.tenant })
 * })
 */
export function updateLabels(labels: Labels): boolean {
  return sharedAgent().update(labels)
}

/** The API of `@pyroscope/nodejs` in one object. */
export default { ...dropIn }
