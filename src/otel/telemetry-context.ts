import type { Context, ContextManager, Span } from '@opentelemetry/api'
import {
  type CarryingContext,
  type ContextFrame,
  type LabelAgent,
  type LabelSet,
  sharedAgent,
} from '../labels/agent.js'
import { readWithStore, type Storage, storagesOf, storeOf } from './context-storage.js'
import { globalApi } from './global-api.js'
import { type ContextObserver, ObservedContext } from './observed-context.js'
import { RecentLabels } from './recent-labels.js'
import { labelsOfSpan, SpanLabels, spanOf } from './span-labels.js'

/**
 * OpenTelemetry's context, read where the registered context manager keeps it. The agent asks for its
 * labels at the begin of each execution. What changes it in between is observed while the agent
 * records.
 */
export class TelemetryContext implements CarryingContext, ContextObserver {
  readonly #agent: LabelAgent
  #manager: ContextManager | undefined
  /** The same, if all changes of its context are observed. */
  #readable: ContextManager | undefined
  /** The one storage that decides about the context, where there is one. */
  #storage: Storage | undefined
  #hasStorages = false
  #observed: ObservedContext | undefined
  #hooked = false
  /** `true` while contexts change for our own questions only. */
  #asking = false
  /** Contexts, or stores for them, whose span has no labels of its own: those of the span around. */
  readonly #adopted = new WeakMap<object, SpanLabels | undefined>()
  /** By store, or by context where there is no storage. */
  readonly #recent = new RecentLabels()

  constructor(agent: LabelAgent) {
    this.#agent = agent
  }

  /** The context in force, if a manager is registered. */
  active(): Context | undefined {
    return globalApi()?.context?.active()
  }

  labels(): LabelSet | undefined {
    try {
      const storage = this.#storage
      return storage === undefined ? this.#labelsOfActive() : this.#labelsOfStore(storeOf(storage))
    } catch {
      return undefined // A context manager of the app's own that fails.
    }
  }

  labelsIn(frame: ContextFrame | undefined): LabelSet | undefined {
    const storage = this.#storage
    if (storage === undefined) return this.labels()
    const store = frame?.get(storage)
    try {
      if (!this.#recent.has(store)) {
        this.#recent.add(store, this.#labelsAt(store, this.#contextOf(storage, store)))
      }
      return this.#recent.labels
    } catch {
      return undefined
    }
  }

  /** A manager without a storage has hooks of its own, which need not nest as executions do. */
  labelsBack(before: LabelSet | undefined): LabelSet | undefined {
    return this.#hasStorages ? before : this.labels()
  }

  enter(storage: Storage | undefined, store: unknown): LabelSet | undefined {
    const outside = this.#agent.carried
    if (!this.#asking) this.#agent.carry(this.#labelsEntering(storage, store))
    return outside
  }

  leave(outside: LabelSet | undefined): void {
    if (!this.#asking) this.#agent.carry(outside)
  }

  switched(): void {
    if (!this.#asking) this.#agent.carry(this.labels() ?? this.#adoptActive())
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
    this.#agent.use()
    const manager = globalApi()?.context
    if (manager === this.#manager || !this.#hooked) return
    this.#leaveManager()
    this.#manager = manager
    if (manager !== undefined) this.#observe(manager)
    this.#agent.observe()
  }

  /** The span in force has got its labels only now. */
  relabelled(): void {
    this.release()
    this.#agent.observe()
  }

  release(): void {
    this.#recent.clear()
  }

  /** The labels of a context's span. */
  labelsOf(context: Context | undefined): SpanLabels | undefined {
    return this.#labelsAt(context, context)
  }

  #observe(manager: ContextManager): void {
    const storages = storagesOf(manager)
    const observed = new ObservedContext(this)
    for (const storage of storages) observed.observeStorage(storage)
    if (storages.length === 0) observed.observeManager(manager)
    this.#observed = observed
    this.#agent.hookCounters.hooksRefused += observed.refusals
    // What changes unseen would leave samples with the span before.
    if (observed.refusals > 0) return
    this.#readable = manager
    this.#hasStorages = storages.length > 0
    if (storages.length === 1) this.#storage = storages[0]
  }

  #leaveManager(): void {
    this.#observed?.end()
    this.#observed = undefined
    this.#storage = undefined
    this.#hasStorages = false
    this.#readable = undefined
    this.#manager = undefined
    this.release()
  }

  #labelsOfActive(): LabelSet | undefined {
    const context = this.#readable?.active()
    if (!this.#recent.has(context)) this.#recent.add(context, this.labelsOf(context))
    return this.#recent.labels
  }

  /** @param store what is in force now. */
  #labelsOfStore(store: unknown): LabelSet | undefined {
    if (!this.#recent.has(store)) {
      const context = isContext(store) ? store : this.#readable?.active()
      this.#recent.add(store, this.#labelsAt(store, context))
    }
    return this.#recent.labels
  }

  /** @param place the context, or the store that stands for it. */
  #labelsAt(place: unknown, context: Context | undefined): SpanLabels | undefined {
    const span = spanOf(context)
    if (span === undefined) return undefined
    return labelsOfSpan(span) ?? (isObject(place) ? this.#adopted.get(place) : undefined)
  }

  /** The context that a store stands for, where it is not in force. */
  #contextOf(storage: Storage | undefined, store: unknown): Context | undefined {
    if (storage === undefined || isContext(store)) return store as Context
    if (store === undefined) return undefined
    this.#asking = true
    try {
      return readWithStore(storage, store, () => this.#readable?.active())
    } finally {
      this.#asking = false
    }
  }

  #labelsEntering(storage: Storage | undefined, store: unknown): LabelSet | undefined {
    try {
      const context = this.#contextOf(storage, store)
      const span = spanOf(context)
      if (span === undefined) return undefined
      return labelsOfSpan(span) ?? this.#adopt(store as object, span)
    } catch {
      return undefined // What the app takes for a context comes to its manager, whatever it is.
    }
  }

  #adoptActive(): LabelSet | undefined {
    try {
      const place = this.#storage === undefined ? this.#readable?.active() : storeOf(this.#storage)
      if (!isObject(place)) return undefined
      const span = spanOf(isContext(place) ? place : this.#readable?.active())
      if (span === undefined) return undefined
      this.#recent.add(place, this.#adopt(place, span))
      return this.#recent.labels
    } catch {
      return undefined
    }
  }

  /**
   * Where tracing is suppressed, or a sampler drops a span within a trace, the work goes on to be that
   * of the span around it. Remembered by context, when it comes into force first: later it may come back
   * from within another one. A span that records nothing may be one for all.
   */
  #adopt(place: object, span: Span): LabelSet | undefined {
    if (!this.#adopted.has(place)) this.#adopted.set(place, this.#labelsAround(span))
    return this.#adopted.get(place)
  }

  #labelsAround(span: Span): SpanLabels | undefined {
    const around = this.#agent.carried
    if (!(around instanceof SpanLabels)) return undefined
    const { traceId, isRemote } = span.spanContext()
    if (isRemote || (traceId !== around.traceId && traceId !== NO_TRACE_ID)) return undefined
    return around
  }
}

/** The process's one, known to its agent. */
export function telemetryContext(): TelemetryContext {
  const agent = sharedAgent()
  return agent.follow(() => new TelemetryContext(agent))
}

function isContext(store: unknown): store is Context {
  return typeof (store as Partial<Context> | undefined)?.getValue === 'function'
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** `INVALID_TRACEID` of the API. */
const NO_TRACE_ID = '00000000000000000000000000000000'
