import { type Labels, sharedAgent } from './labels/agent.js'

export { SpanprofError, type SpanprofErrorCode } from './errors.js'
export type { Labels } from './labels/agent.js'
export type { Logger } from './logger.js'
export { type ProfileResult, profile } from './one-shot.js'
export type { ProfileOptions, ProfilerOptions } from './options.js'
export { type Profiler, startProfiler } from './profiler.js'
export type { CpuTimeSource } from './sampler/cpu-clock.js'
export type { ProfilerStats } from './stats.js'

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
