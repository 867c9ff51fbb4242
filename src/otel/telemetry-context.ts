import type { Context, ContextManager, Span } from '@opentelemetry/api'
import {
  type CarryingContext,
  type LabelAgent,
  type LabelSet,
  sharedAgent,
} from '../labels/agent.js'
import { wrapMethod } from '../labels/wrapped-method.js'
import { globalApi } from './global-api.js'
import { labelsOfSpan, SpanLabels, spanOf } from './span-labels.js'

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
  /** Contexts whose span has no labels of its own, and those of the span around it. */
  readonly #adopted = new WeakMap<Context, LabelSet>()
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
        this.#lastLabels = this.#labelsIn(context)
      }
      return this.#lastLabels
    } catch {
      return undefined // A context manager of the app's own, and not one to fall over.
    }
  }

  /** The labels of a context that `with` enters. */
  entered(context: Context): LabelSet | undefined {
    try {
      const span = spanOf(context)
      if (span === undefined) return undefined
      return labelsOfSpan(span) ?? this.#adopt(context, span)
    } catch {
      return undefined // What the app takes for a context comes to its manager, whatever it is.
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

  #labelsIn(context: Context | undefined): LabelSet | undefined {
    const span = spanOf(context)
    if (context === undefined || span === undefined) return undefined
    return labelsOfSpan(span) ?? this.#adopted.get(context)
  }

  /**
   * Where tracing is suppressed, or a sampler drops a span within a trace, the work goes on to be that
   * of the span around it. Remembered by context: a span that records nothing may be one for all.
   */
  #adopt(context: Context, span: Span): LabelSet | undefined {
    const around = this.#agent.carried
    if (!(around instanceof SpanLabels)) return undefined
    const { traceId, isRemote } = span.spanContext()
    if (isRemote || (traceId !== around.traceId && traceId !== NO_TRACE_ID)) return undefined
    this.#adopted.set(context, around)
    return around
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
      wrapMethod(manager, 'with', (original) =>
        observedWith(original, this, this.#agent, isObserving),
      ),
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
  telemetry: TelemetryContext,
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
    agent.carry(telemetry.entered(context))
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

/** `INVALID_TRACEID` of the API. */
const NO_TRACE_ID = '00000000000000000000000000000000'

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
