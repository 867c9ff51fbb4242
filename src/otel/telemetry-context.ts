import type { Context, ContextManager, Span } from '@opentelemetry/api'
import {
  type CarryingContext,
  type ContextFrame,
  type LabelAgent,
  type LabelSet,
  sharedAgent,
} from '../labels/agent.js'
import { readInFrame, readWithStore, type Storage, storagesOf, storeOf } from './context-storage.js'
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
  /** Where it keeps its context; empty if its own hooks do. */
  #storages: readonly Storage[] = []
  /** The only one, whose store then decides about the context. */
  #storage: Storage | undefined
  #observed: ObservedContext | undefined
  #hooked = false
  /** `true` while contexts change for our own questions only. */
  #asking = false
  /** Contexts, or stores for them, whose span has no labels of its own: those of the span around. */
  readonly #adopted = new WeakMap<object, SpanLabels | undefined>()
  /** By store, or by context where there is no storage. */
  readonly #recent = new RecentLabels()
  /** Set by the first one that gives spans their labels. */
  labelMet: LabelMet | undefined
  /** A span comes into force that gets its labels right after that. */
  isAwaitingLabels = false

  constructor(agent: LabelAgent) {
    this.#agent = agent
  }

  /** The context in force, if a manager is registered. */
  active(): Context | undefined {
    return globalApi()?.context?.active()
  }

  /** The manager makes the active context from several storages, and maybe the span in it, too. */
  get makesContexts(): boolean {
    return this.#storages.length > 1
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
    if (this.#storages.length === 0) return this.labels()
    try {
      const store = this.#storage && frame?.get(this.#storage)
      const known = this.#storage && this.#recent.find(store)
      if (known !== undefined) return known.labels
      const context = isContext(store) ? store : this.#activeIn(frame)
      const labels = this.#labelsAt(store ?? context, context)
      return this.#storage === undefined ? labels : this.#recent.add(store, labels)
    } catch {
      return undefined
    }
  }

  /** A manager without a storage has hooks of its own, which need not nest as executions do. */
  labelsBack(before: LabelSet | undefined): LabelSet | undefined {
    return this.#storages.length > 0 ? before : this.labels()
  }

  enter(storage: Storage | undefined, store: unknown): LabelSet | undefined {
    const outside = this.#agent.carried
    if (!this.#asking) this.#agent.carry(this.#labelsEntering(storage, store))
    return outside
  }

  leave(outside: LabelSet | undefined): void {
    if (this.#asking) return
    // With several storages, others may have changed meanwhile.
    this.#agent.carry(this.#storages.length > 1 ? this.labels() : outside)
  }

  switched(): void {
    if (!this.#asking) this.#agent.carry(this.labels() ?? this.#labelsEntered())
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
    this.#storages = storages
    if (storages.length === 1) this.#storage = storages[0]
  }

  #leaveManager(): void {
    this.#observed?.end()
    this.#observed = undefined
    this.#storage = undefined
    this.#storages = []
    this.#readable = undefined
    this.#manager = undefined
    this.release()
  }

  #labelsOfActive(): LabelSet | undefined {
    const context = this.#readable?.active()
    const known = this.#recent.find(context)
    if (known !== undefined) return known.labels
    return this.#recent.add(context, this.labelsOf(context))
  }

  /** @param store what is in force now. */
  #labelsOfStore(store: unknown): LabelSet | undefined {
    const known = this.#recent.find(store)
    if (known !== undefined) return known.labels
    const context = isContext(store) ? store : this.#readable?.active()
    return this.#recent.add(store, this.#labelsAt(store, context))
  }

  /** @param place the context, or the store that stands for it. */
  #labelsAt(place: unknown, context: Context | undefined): SpanLabels | undefined {
    const span = spanOf(context)
    if (span === undefined) return undefined
    const labels = labelsOfSpan(span) ?? (isObject(place) ? this.#adopted.get(place) : undefined)
    return labels ?? this.#meet(span)
  }

  /** The context that is in force where a frame is. */
  #activeIn(frame: ContextFrame | undefined): Context | undefined {
    return this.#ask(() => readInFrame(this.#storages, frame, () => this.#readable?.active()))
  }

  /** The context that comes into force when a storage is entered with a store. */
  #contextOf(storage: Storage | undefined, store: unknown): Context | undefined {
    const isAlone = storage === undefined || storage === this.#storage
    if (isAlone && (store === undefined || isContext(store))) return store
    if (storage === undefined) return undefined
    return this.#ask(() => readWithStore(storage, store, () => this.#readable?.active()))
  }

  #ask<T>(question: () => T): T {
    this.#asking = true
    try {
      return question()
    } finally {
      this.#asking = false
    }
  }

  #labelsEntering(storage: Storage | undefined, store: unknown): LabelSet | undefined {
    try {
      const context = this.#contextOf(storage, store)
      const place = store ?? context
      return this.#labelsAt(place, context) ?? this.#adopt(place, context)
    } catch {
      return undefined // What the app takes for a context comes to its manager, whatever it is.
    }
  }

  /** Of what has come into force without labels. */
  #labelsEntered(): LabelSet | undefined {
    try {
      const store = this.#storage && storeOf(this.#storage)
      const context = isContext(store) ? store : this.#readable?.active()
      const place = store ?? context
      const labels = this.#adopt(place, context)
      return labels && this.#recent.add(place, labels)
    } catch {
      return undefined
    }
  }

  /**
   * A span that was not seen to start is in force: one that a library makes without a tracer, or that
   * is older than the profiler. Of its ancestors those are known that are in force around it.
   */
  #meet(span: Span): SpanLabels | undefined {
    if (this.labelMet === undefined || this.isAwaitingLabels) return undefined
    if (!span.isRecording()) return undefined
    const { isRemote, traceId } = span.spanContext()
    if (isRemote || traceId === NO_TRACE_ID) return undefined
    const around = this.#agent.carried
    const isParent = around instanceof SpanLabels && around.traceId === traceId
    return this.labelMet(span, isParent ? around : undefined)
  }

  /**
   * Where tracing is suppressed, or a sampler drops a span within a trace, the work goes on to be that
   * of the span around it. Remembered by context, when it comes into force first: later it may come back
   * from within another one. A span that records nothing may be one for all.
   */
  #adopt(place: unknown, context: Context | undefined): LabelSet | undefined {
    const span = spanOf(context)
    if (span === undefined || !isObject(place)) return undefined
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

/**
 * Gives a span its labels that was not seen to start.
 *
 * @param around those of a span of the same trace, if it is in force around it.
 */
export type LabelMet = (span: Span, around: SpanLabels | undefined) => SpanLabels | undefined

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
