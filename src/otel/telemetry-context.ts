import type { Context, ContextManager, Span } from '@opentelemetry/api'
import {
  type CarryingContext,
  type LabelAgent,
  type LabelSet,
  sharedAgent,
} from '../labels/agent.js'
import { globalApi } from './global-api.js'
import { type ContextObserver, observeManager } from './observed-manager.js'
import { labelsOfSpan, SpanLabels, spanOf } from './span-labels.js'

/**
 * OpenTelemetry's context, read where the registered context manager keeps it. The agent asks for its
 * labels whenever a continuation begins to run; `with` and `attach` change it in between, and are
 * wrapped while the agent records.
 */
export class TelemetryContext implements CarryingContext, ContextObserver {
  readonly #agent: LabelAgent
  #manager: ContextManager | undefined
  #hooked = false
  #unwrap: (() => void) | undefined
  /** Contexts whose span has no labels of its own, and those of the span around it. */
  readonly #adopted = new WeakMap<Context, SpanLabels>()
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
        this.#lastLabels = this.labelsIn(context)
      }
      return this.#lastLabels
    } catch {
      return undefined // A context manager of the app's own, and not one to fall over.
    }
  }

  enter(context: Context): LabelSet | undefined {
    const outside = this.#agent.carried
    this.#agent.carry(this.#labelsEntering(context))
    return outside
  }

  leave(outside: LabelSet | undefined): void {
    this.#agent.carry(outside)
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
    if (manager !== undefined) this.#unwrap = observeManager(manager, this)
    this.#agent.observe()
  }

  switched(): void {
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

  #labelsEntering(context: Context): LabelSet | undefined {
    try {
      const span = spanOf(context)
      if (span === undefined) return undefined
      return labelsOfSpan(span) ?? this.#adopt(context, span)
    } catch {
      return undefined // What the app takes for a context comes to its manager, whatever it is.
    }
  }

  /** The labels that a context carries. */
  labelsIn(context: Context | undefined): SpanLabels | undefined {
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
}

/** The process's one, known to its agent. */
export function telemetryContext(): TelemetryContext {
  const agent = sharedAgent()
  return agent.follow(() => new TelemetryContext(agent))
}

/** `INVALID_TRACEID` of the API. */
const NO_TRACE_ID = '00000000000000000000000000000000'
