import type { Context, ContextManager } from '@opentelemetry/api'
import type { LabelSet } from '../labels/agent.js'
import { wrapMethod } from '../labels/wrapped-method.js'

/** Hears which context is in force where no asynchronous continuation tells. */
export interface ContextObserver {
  /** A context is entered. @returns what is in force around it, to `leave` it with. */
  enter(context: Context): LabelSet | undefined
  leave(outside: LabelSet | undefined): void
  /** Another context may be in force. */
  switched(): void
}

/**
 * Wraps the methods of a context manager that put a context in force.
 *
 * @returns puts them back.
 */
export function observeManager(manager: ContextManager, observer: ContextObserver): () => void {
  let observing = true
  let withCalls = 0
  const isObserving = () => {
    withCalls++
    return observing
  }
  const switched = () => {
    if (observing) observer.switched()
  }
  const restores = [
    wrapMethod(manager, 'with', (original) => observedWith(original, observer, isObserving)),
    ...switchesOf(manager).map((name) =>
      wrapMethod(manager as ContextManager & Switching, name, (original) =>
        observedSwitch(original, switched),
      ),
    ),
  ]
  if (callBoundFunction(manager) && withCalls === 0) {
    restores.push(
      wrapMethod(manager, 'bind', (original) => observedBind(original, observer, isObserving)),
    )
  }
  return () => {
    observing = false
    for (const restore of restores) restore()
  }
}

/** To find out whether the manager runs bound functions by its `with`. */
function callBoundFunction(manager: ContextManager): boolean {
  try {
    manager.bind(manager.active(), () => {})()
    return true
  } catch {
    return false // Nothing to be wrapped.
  }
}

/**
 * Runs in every request many times. Arguments are passed on without rest and spread, which would cost
 * more than all else here.
 */
function observedWith(
  original: ContextManager['with'],
  observer: ContextObserver,
  isObserving: () => boolean,
): ContextManager['with'] {
  function observed(
    this: ContextManager,
    context: Context,
    fn: Fn,
    thisArg: unknown,
    arg: unknown,
  ) {
    // biome-ignore lint/complexity/noArguments: see above.
    const args = arguments
    if (!isObserving()) return Reflect.apply(original, this, args)
    const outside = observer.enter(context)
    try {
      if (args.length === 3) return original.call(this, context, fn, thisArg)
      if (args.length === 4) return original.call(this, context, fn, thisArg, arg)
      return Reflect.apply(original, this, args)
    } finally {
      observer.leave(outside)
    }
  }
  return observed as ContextManager['with']
}

/** For a manager whose bound functions do not run by its `with`. */
function observedBind(
  original: ContextManager['bind'],
  observer: ContextObserver,
  isObserving: () => boolean,
): ContextManager['bind'] {
  function observed<T>(this: ContextManager, context: Context, target: T): T {
    const bound = original.call(this, context, target) as T & Fn
    if (typeof target !== 'function' || typeof bound !== 'function') return bound as T
    function observedBound(this: unknown, ...args: unknown[]) {
      if (!isObserving()) return Reflect.apply(bound, this, args)
      const outside = observer.enter(context)
      try {
        return Reflect.apply(bound, this, args)
      } finally {
        observer.leave(outside)
      }
    }
    return Object.defineProperty(observedBound, 'length', { value: bound.length }) as T
  }
  return observed
}

type Fn = (...args: unknown[]) => unknown

/**
 * Methods after which another context is in force: `attach` of the API 1.10, and those with which
 * AsyncHooksContextManager of the SDK 1.x and 2.x tells itself that its own hooks have run, before or
 * after ours.
 */
const SWITCHES = ['attach', '_enterContext', '_exitContext'] as const
type Switching = Record<(typeof SWITCHES)[number], Fn>

function switchesOf(manager: object): (keyof Switching)[] {
  return SWITCHES.filter((name) => typeof (manager as Partial<Switching>)[name] === 'function')
}

function observedSwitch(original: Fn, switched: () => void): Fn {
  return function (this: unknown, ...args) {
    const result = Reflect.apply(original, this, args)
    switched()
    return isToken(result) ? observedToken(result, switched) : result
  }
}

/** What `attach` gives back, to undo it with. */
interface Token {
  dispose(): void
}

function isToken(result: unknown): result is Token {
  return typeof (result as Partial<Token> | undefined)?.dispose === 'function'
}

function observedToken(token: Token, switched: () => void): Token {
  const dispose = () => {
    token.dispose()
    switched()
  }
  return Object.assign({ dispose }, DISPOSE === undefined ? {} : { [DISPOSE]: dispose })
}

/** Of `using`; not there on Node.js 20.0 to 20.4, nor in the types. */
const DISPOSE = (Symbol as { dispose?: symbol }).dispose
