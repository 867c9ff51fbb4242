import type { Context, ContextManager } from '@opentelemetry/api'
import {
  type CarryingContext,
  type LabelAgent,
  type LabelSet,
  sharedAgent,
} from '../labels/agent.js'
import { wrapMethod } from '../labels/wrapped-method.js'
import { globalApi } from './global-api.js'
import { labelsOfSpan, spanOf } from './span-labels.js'

/**
 * OpenTelemetry's context, read where the registered context manager keeps it. The agent asks for its
 * labels whenever a continuation begins to run; `with` and `attach` change it in between, and are
 * wrapped while the agent records.
 */
export class TelemetryContext implements CarryingContext {
  readonly #agent: LabelAgent
  #manager: ContextManager | undefined
  #hooked = false
  #unwrap: (() => void) | undefined
  /** Most questions are about the same context again. */
  #last: Context | undefined
  #lastLabels: LabelSet | undefined

  constructor(agent: LabelAgent) {
    this.#agent = agent
  }

  /** The context in force, where a manager is registered. */
  active(): Context | undefined {
    return globalApi()?.context?.active()
  }

  labels(): LabelSet | undefined {
    try {
      const context = this.#manager?.active()
      if (context !== this.#last) {
        this.#last = context
        this.#lastLabels = labelsOfSpan(spanOf(context))
      }
      return this.#lastLabels
    } catch {
      return undefined // A context manager of the app's own, and not one to fall over.
    }
  }

  hook(): () => void {
    this.#hooked = true
    this.followManager()
    return () => {
      this.#hooked = false
      this.#leaveManager()
    }
  }

  /** Follows the registered manager, which may be another than before. Called with each span. */
  followManager(): void {
    const manager = globalApi()?.context
    if (manager === this.#manager || !this.#hooked) return
    this.#leaveManager()
    this.#manager = manager
    if (manager !== undefined) this.#unwrap = this.#wrap(manager)
    this.#agent.observe()
  }

  /** The span in force has got its labels only now. */
  relabelled(): void {
    this.release()
    this.#agent.observe()
  }

  release(): void {
    this.#last = undefined
    this.#lastLabels = undefined
  }

  #leaveManager(): void {
    this.#unwrap?.()
    this.#unwrap = undefined
    this.#manager = undefined
    this.release()
  }

  #wrap(manager: ContextManager): () => void {
    let observing = true
    const isObserving = () => observing
    const restores = [
      wrapMethod(manager, 'with', (original) => observedWith(original, this.#agent, isObserving)),
      ...switchesOf(manager).map((name) =>
        wrapMethod(manager as ContextManager & Switching, name, (original) =>
          observedSwitch(original, () => observing && this.#agent.observe()),
        ),
      ),
    ]
    return () => {
      observing = false
      for (const restore of restores) restore()
    }
  }
}

/** The process's one, known to its agent. */
export function telemetryContext(): TelemetryContext {
  const agent = sharedAgent()
  return agent.follow(() => new TelemetryContext(agent))
}

/**
 * Runs in every request many times. Arguments are passed on without rest and spread, which would cost
 * more than all else here.
 */
function observedWith(
  original: ContextManager['with'],
  agent: LabelAgent,
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
    const outside = agent.carried
    agent.carry(carriedBy(context))
    try {
      if (args.length === 3) return original.call(this, context, fn, thisArg)
      if (args.length === 4) return original.call(this, context, fn, thisArg, arg)
      return Reflect.apply(original, this, args)
    } finally {
      agent.carry(outside)
    }
  }
  return observed as ContextManager['with']
}

type Fn = (...args: unknown[]) => unknown

/** Whatever the app takes for a context must come to its manager, not to an error of ours. */
function carriedBy(context: Context): LabelSet | undefined {
  try {
    return labelsOfSpan(spanOf(context))
  } catch {
    return undefined
  }
}

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
