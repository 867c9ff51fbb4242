import type { Environment } from '../options/option-checks.js'
import { MAX_PUSH_INTERVAL_MS, type ProfilerOptions } from '../options/profiler-options.js'
import { MAX_STACK_DEPTH } from '../sampler/heap-sampler.js'
import { VERSION } from '../version.js'
import type { CheckedConfig, PyroscopeHeapConfig } from './config.js'
import type { ContinuousType } from './continuous.js'

/** A config in the words of `startProfiler`. */
export function profilerOptions(
  { wall, heap, tenantID, flushIntervalMs, sourceMapper: _, tags, ...same }: CheckedConfig,
  types: ReadonlySet<ContinuousType>,
): ProfilerOptions {
  const options = {
    ...same,
    tenantId: tenantID,
    flushIntervalMs: flushIntervalMs && Math.min(flushIntervalMs, MAX_PUSH_INTERVAL_MS),
    samplingIntervalMicros: wall.samplingIntervalMicros,
    cpu: types.has('cpu'),
    wall: types.has('wall'),
    heap: types.has('heap') && withinReach(heap),
    tags: { ...defaultTags(), ...tags },
  }
  return options as ProfilerOptions // Where it has undefined, an option is not given.
}

/** Deeper stacks than V8 can send were accepted before, so they are cut rather than refused. */
function withinReach(heap: PyroscopeHeapConfig): PyroscopeHeapConfig {
  if (heap.stackDepth === undefined) return heap
  return { ...heap, stackDepth: Math.min(heap.stackDepth, MAX_STACK_DEPTH) }
}

/**
 * Defaults of the drop-in's own go below whatever the environment says. `stop()` waits for uploads no
 * longer than the exit does: apps call it where they handle SIGTERM, and it took no time before.
 */
export function withDefaults(environment: Environment): Environment {
  return {
    SPANPROF_SERVER_ADDRESS: 'http://localhost:4040',
    SPANPROF_FLUSH_INTERVAL_MS: '60000',
    SPANPROF_FLUSH_TIMEOUT_MS: '2000',
    ...environment,
  }
}

/** Tells on the server what a profile comes from, as OpenTelemetry names it. */
function defaultTags(): Record<string, string> {
  return {
    'otel.scope.name': 'spanprof',
    'otel.scope.version': VERSION,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
  }
}
