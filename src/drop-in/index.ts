/** The API of `@pyroscope/nodejs`, on the same profiler as everything else. */
import { requiredConfig } from './configured.js'
import type { ContinuousType } from './continuous.js'
import { getLabels, setLabels } from './labels.js'

export { init, setLogger } from './configured.js'
export { getLabels, setLabels, wrapWithLabels } from './labels.js'
export { expressMiddleware, fastifyMiddleware, pullHandler } from './pull.js'
export { SourceMapper } from './source-mapper.js'

/** @deprecated Use {@link getLabels}. */
export const getWallLabels: typeof getLabels = getLabels

/** @deprecated Use {@link setLabels}. */
export const setWallLabels: typeof setLabels = setLabels

/**
 * Starts wall and heap profiles, and CPU profiles with `wall.collectCpuTime`. Like all of its kind it
 * comes back at once and starts in the background, where a failure is told to the logger; calling it
 * again changes nothing.
 *
 * @throws {SpanprofError} `ERR_NOT_INITIALIZED`
 */
export function start(): void {
  startWallProfiling()
  startHeapProfiling()
}

/** Stops everything that was started, and resolves when the last profiles have been delivered. */
export function stop(): Promise<void> {
  return stopTypes('cpu', 'wall', 'heap')
}

/** Starts wall profiles, and CPU profiles with `wall.collectCpuTime`. @see start */
export function startWallProfiling(): void {
  startTypes('wall', ...(requiredConfig().wall.collectCpuTime ? (['cpu'] as const) : []))
}

/** @see stop */
export function stopWallProfiling(): Promise<void> {
  return stopTypes('cpu', 'wall')
}

/** Starts CPU profiles, and wall profiles beside them: these alone were meant before. @see start */
export function startCpuProfiling(): void {
  startTypes('cpu', 'wall')
}

/** @see stop */
export function stopCpuProfiling(): Promise<void> {
  return stopTypes('cpu', 'wall')
}

/** @see start */
export function startHeapProfiling(): void {
  startTypes('heap')
}

/** @see stop */
export function stopHeapProfiling(): Promise<void> {
  return stopTypes('heap')
}

let loading: Promise<typeof import('./continuous.js')> | undefined

/** One promise for all, so that what is asked for in one tick of the event loop comes in one tick. */
function continuous(): Promise<typeof import('./continuous.js')> {
  loading ??= import('./continuous.js')
  return loading
}

function startTypes(...types: ContinuousType[]): void {
  const config = requiredConfig()
  void continuous().then((loaded) => loaded.startTypes(types, config))
}

async function stopTypes(...types: ContinuousType[]): Promise<void> {
  const loaded = await continuous()
  await loaded.stopTypes(types)
}
