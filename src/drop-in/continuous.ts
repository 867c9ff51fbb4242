import { readFileSync } from 'node:fs'
import type { ProfilerOptions } from '../options.js'
import { type Profiler, startProfiler } from '../profiler.js'
import type { CheckedConfig } from './config.js'
import { currentLogger, log } from './logger.js'

export type ContinuousType = 'cpu' | 'wall' | 'heap'

/** A profiler is this, and another one where it has to be something else. */
interface Goal {
  readonly config: CheckedConfig
  readonly types: ReadonlySet<ContinuousType>
}

const wanted = new Set<ContinuousType>()
let goal: Goal | undefined
let reached: (Goal & { readonly profiler: Profiler }) | undefined
let settling = Promise.resolve()

/** Profiles these types too, from soon on. */
export function startTypes(types: readonly ContinuousType[], config: CheckedConfig): void {
  for (const type of types) wanted.add(type)
  void settle({ config, types: new Set(wanted) })
}

/** Resolves when they are no longer profiled, and what there was of them has been delivered. */
export function stopTypes(types: readonly ContinuousType[]): Promise<void> {
  for (const type of types) wanted.delete(type)
  return settle(goal && { config: goal.config, types: new Set(wanted) })
}

/** One after the other; what is asked for within one tick of the event loop is done at once. */
function settle(next: Goal | undefined): Promise<void> {
  goal = next
  settling = settling.then(reach)
  return settling
}

/** Never rejects: whoever called `start` is not there any more to hear of it. */
async function reach(): Promise<void> {
  if (isReached()) return
  await reached?.profiler.stop()
  reached = undefined
  const next = goal
  if (next === undefined || next.types.size === 0) return
  try {
    const profiler = await startProfiler(profilerOptions(next), environment())
    reached = { ...next, profiler }
  } catch (error) {
    // Not tried again before the next start.
    wanted.clear()
    if (goal === next) goal = undefined
    log('warn', `this process is not profiled: ${(error as Error).message}`)
  }
}

function isReached(): boolean {
  if (goal === undefined || reached === undefined) return goal === reached
  const { types, config } = reached
  const sameTypes = types.size === goal.types.size && [...types].every((t) => goal?.types.has(t))
  return sameTypes && config === goal.config
}

/** Its own defaults go below the environment. */
function environment(): NodeJS.ProcessEnv {
  return {
    SPANPROF_SERVER_ADDRESS: 'http://localhost:4040',
    SPANPROF_FLUSH_INTERVAL_MS: '60000',
    ...process.env,
  }
}

function profilerOptions({ config, types }: Goal): ProfilerOptions {
  const { wall, heap, tenantID, sourceMapper: _, tags, ...same } = config
  const options = {
    ...same,
    tenantId: tenantID,
    samplingIntervalMicros: wall.samplingIntervalMicros,
    cpu: types.has('cpu'),
    wall: types.has('wall'),
    heap: types.has('heap') && heap,
    tags: { ...defaultTags(), ...tags },
    logger: currentLogger,
  }
  return options as ProfilerOptions // Where it has undefined, an option is not given.
}

/** Tells on the server what a profile comes from, as OpenTelemetry names it. */
function defaultTags(): Record<string, string> {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return {
    'otel.scope.name': 'spanprof',
    'otel.scope.version': JSON.parse(manifest).version,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
  }
}
