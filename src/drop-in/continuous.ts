import { type Profiler, startProfiler } from '../profiler.js'
import type { CheckedConfig } from './config.js'
import { currentLogger, log } from './logger.js'
import { profilerOptions, withDefaults } from './profiler-options.js'

export type ContinuousType = 'cpu' | 'wall' | 'heap'

/** A profiler is this, and another one where it has to be something else. */
interface Goal {
  readonly config: CheckedConfig
  readonly types: ReadonlySet<ContinuousType>
}

let goal: Goal | undefined
let reached: (Goal & { readonly profiler: Profiler }) | undefined
let settling = Promise.resolve()

/** Profiles these types too, from soon on. */
export function startTypes(types: readonly ContinuousType[], config: CheckedConfig): void {
  void settle({ config, types: new Set([...(goal?.types ?? []), ...types]) })
}

/** Resolves when they are no longer profiled, and what there was of them has been delivered. */
export function stopTypes(types: readonly ContinuousType[]): Promise<void> {
  const left = [...(goal?.types ?? [])].filter((type) => !types.includes(type))
  return settle(goal && { config: goal.config, types: new Set(left) })
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
  let next = goal
  try {
    await reached?.profiler.stop()
    reached = undefined
    next = goal // It may have changed meanwhile.
    if (next === undefined || next.types.size === 0) return
    const options = { ...profilerOptions(next.config, next.types), logger: currentLogger }
    const profiler = await startProfiler(options, withDefaults(process.env))
    reached = { ...next, profiler }
  } catch (error) {
    if (goal === next) goal = undefined // Not tried again before the next start.
    log('warn', `start() has no effect: ${(error as Error).message}`)
  }
}

function isReached(): boolean {
  if (goal === undefined || reached === undefined) return goal === reached
  const { types, config } = reached
  const sameTypes = types.size === goal.types.size && [...types].every((t) => goal?.types.has(t))
  return sameTypes && config === goal.config
}
