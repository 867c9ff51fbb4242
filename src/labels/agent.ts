import { AsyncLocalStorage } from 'node:async_hooks'
import type { ContextFrame } from './context-frame.js'
import { observeExecutions } from './execution-hooks.js'
import { ExecutionStack } from './execution-stack.js'
import { type LabelCounters, LabelRegistry } from './label-registry.js'
import { LabelScope } from './label-scope.js'
import type { LabelSet, Labels } from './label-set.js'
import { type LabelsInForce, LabelTimeline } from './label-timeline.js'
import { SampledLabelSets } from './sampled-label-sets.js'

export type { ContextFrame } from './context-frame.js'
export type { LabelSet, Labels } from './label-set.js'

/** What the sampler thread gets for its sample times; plain data, as it crosses threads. */
export interface LabelsOfSamples {
  /** For each time an index into `combinations`; {@link NO_LABELS} or {@link LABELS_LOST}. */
  readonly labelsOfSample: number[]
  /** Ids of the sets that were in force at once: of `withLabels`, of a context; {@link NO_LABELS} for none. */
  readonly combinations: [own: number, carried: number][]
  /** The sets that are new or have changed since the last call. */
  readonly changedSets: [id: number, pairs: readonly string[]][]
  /** Ids that are not used any more. */
  readonly settledSets: number[]
  /** Label sets made by `withLabels` since the last call. */
  readonly made: number
  /** Switches of labels since the last call. */
  readonly switches: number
}

/** What the agent has seen. */
export interface AgentCounters extends LabelCounters {
  /** How often other labels came into force. */
  labelSwitches: number
  /** Spans that got labels. */
  spans: number
  /** Spans that did not, as they could not be read or marked. */
  spanFailures: number
  /** Methods of context managers and storages that could not be wrapped, as they are frozen. */
  hooksRefused: number
}

/**
 * Another library's context that carries labels, as OpenTelemetry's does with its span. Where it
 * changes inside an execution, it calls `agent.carry` or `agent.observe`.
 */
export interface CarryingContext {
  /** The labels that the context in force carries. Must not throw. */
  labels(): LabelSet | undefined
  /** The labels of the context that a frame holds. Must not throw. */
  labelsIn(frame: ContextFrame | undefined): LabelSet | undefined
  /**
   * The labels in force again after an execution. Must not throw.
   *
   * @param before those that were in force before it.
   */
  labelsBack(before: LabelSet | undefined): LabelSet | undefined
  /** Begins to observe changes. @returns ends it. */
  hook(): () => void
  /** Drops references to contexts, as a window is over. */
  release(): void
}

/** Kept here, as tests of the app may replace it by a fake. */
const { queueMicrotask } = globalThis

export const NO_LABELS = -1
/** The full ring has forgotten them. */
export const LABELS_LOST = -2

/**
 * The part of spanprof that lives in the profiled thread. It knows which labels are in force, writes
 * down when they change, and answers which were in force at the times of samples.
 */
export class LabelAgent {
  /** Of the spans that a carrying context has labelled. */
  readonly spanCounters = { spans: 0, spanFailures: 0 }
  readonly hookCounters = { hooksRefused: 0 }
  readonly #storage = new AsyncLocalStorage<LabelScope | undefined>()
  readonly #registry = new LabelRegistry()
  readonly #sampledSets = new SampledLabelSets()
  #context: CarryingContext | undefined
  #own: LabelSet | undefined
  #carried: LabelSet | undefined
  #timeline: LabelTimeline | undefined
  /** Those of earlier starts. */
  #switchesBefore = 0
  #switchesTold = 0
  #ownUsed = false
  /** `updateLabels` has been called. From then on the labels of equal scopes can become different. */
  #scopesChange = false
  /** There are labels in this process, so that there is something to hook for. */
  #used = false
  #recording = false
  readonly #executions = new ExecutionStack()
  #outermostEndQueued = false
  #unhookExecutions: (() => void) | undefined
  #unhookContext: (() => void) | undefined

  /** Runs `fn` with `labels` over those in force, and returns what it returns. */
  run<T>(labels: Labels, fn: () => T): T {
    const inner = new LabelScope(this.#registry.nest(this.#storage.getStore()?.labels, labels))
    this.#useOwn()
    if (!this.#recording) return this.#storage.run(inner, fn)
    const outer = this.#own
    this.#switchTo(inner, this.#carried)
    try {
      return this.#storage.run(inner, fn)
    } finally {
      this.#switchTo(outer, this.#carried)
    }
  }

  /**
   * Puts `labels` in force in place of all of `run` and `enter`, for the rest of what runs now and for
   * whatever it starts from here on.
   */
  enter(labels: Labels): void {
    const scope = new LabelScope(this.#registry.nest(undefined, labels))
    this.#useOwn()
    this.#storage.enterWith(scope)
    this.#switchTo(scope, this.#carried)
  }

  /**
   * Puts `labels` over those of the nearest scope, for all that runs in it and for its samples of the
   * current profile.
   *
   * @returns whether there is a scope.
   */
  update(labels: Labels): boolean {
    const scope = this.#storage.getStore()
    this.#scopesChange = true
    const updated = this.#registry.nest(scope?.labels, labels)
    scope?.replace(updated)
    return scope !== undefined
  }

  /** The labels that `withLabels` has put in force. */
  get own(): LabelSet | undefined {
    return this.#storage.getStore()
  }

  /** The labels last seen carried by the context. */
  get carried(): LabelSet | undefined {
    return this.#carried
  }

  /** Other labels are carried now. */
  carry(set: LabelSet | undefined): void {
    this.#switchTo(this.#own, set)
  }

  /** Another context may be in force now, of `withLabels` or of a carrying one. */
  readonly observe = (): void => {
    this.#switchTo(this.#ownUsed ? this.#storage.getStore() : undefined, this.#context?.labels())
  }

  /**
   * From now on labels are also read from a context, together with those of `withLabels`. The first
   * one stays, so that nothing is read or hooked twice.
   *
   * @returns the one that is followed.
   */
  follow<T extends CarryingContext>(make: () => T): T {
    if (this.#context === undefined) {
      this.#context = make()
      if (this.#unhookExecutions !== undefined) this.#unhookContext = this.#context.hook()
    }
    return this.#context as T
  }

  /** There is a label somewhere. Nothing is hooked before the first one. */
  use(): void {
    this.#used = true
    if (this.#recording) this.#hook()
  }

  #useOwn(): void {
    this.#ownUsed = true
    this.use()
  }

  readonly #entered = (asyncId: number): void => {
    this.#executions.enter(asyncId, this.#own, this.#carried)
    this.observe()
  }

  readonly #entering = (asyncId: number, frame: ContextFrame | undefined): void => {
    this.#executions.enter(asyncId, this.#own, this.#carried)
    const own = this.#ownUsed ? (frame?.get(this.#storage) as LabelScope | undefined) : undefined
    this.#switchTo(own, this.#context?.labelsIn(frame))
  }

  readonly #left = (asyncId: number): void => {
    const index = this.#executions.leave(asyncId)
    const carried = this.#executions.outerCarried(index)
    const context = this.#context
    this.#switchTo(
      this.#executions.outerOwn(index),
      context === undefined ? carried : context.labelsBack(carried),
    )
  }

  /** From now on switches are written down. Hooks nothing before there is something to look for. */
  start(): void {
    this.#recording = true
    if (this.#used) this.#hook()
  }

  /** Undoes every hook and lets go of everything recorded. Labels go on to be carried along. */
  stop(): void {
    this.#recording = false
    this.#unhookExecutions?.()
    this.#unhookContext?.()
    this.#unhookExecutions = undefined
    this.#unhookContext = undefined
    this.#switchesBefore += this.#timeline?.switches ?? 0
    this.#timeline = undefined
    this.#switchesTold = 0
    this.#sampledSets.forgetBefore(Number.POSITIVE_INFINITY)
    this.#own = undefined
    this.#carried = undefined
    this.#executions.clear()
  }

  /**
   * The labels in force at the times of a window's samples. What is older than the window's end is
   * forgotten, so that no label outlives it here.
   *
   * @param timesMicros in ascending order, on the clock of `process.hrtime()`.
   * @param keepFromMicros label sets of samples from here on may still change.
   */
  labelsAt(
    timesMicros: readonly number[],
    endMicros: number,
    keepFromMicros: number,
  ): LabelsOfSamples {
    const combinations = new LabelCombinations((set) => this.#idOf(set, endMicros))
    const found = this.#timeline?.at(timesMicros) ?? []
    const labelsOfSample = timesMicros.map((timeMicros, i) => {
      const labels = found[i]
      if (labels === undefined) return NO_LABELS
      return labels === 'lost' ? LABELS_LOST : combinations.indexOf(labels, timeMicros)
    })
    this.#timeline?.forgetBefore(endMicros)
    this.#context?.release()
    return {
      labelsOfSample,
      combinations: combinations.ids,
      changedSets: this.#sampledSets.changes(),
      settledSets: this.#sampledSets.forgetBefore(keepFromMicros),
      made: this.#takeMade(),
      switches: this.#takeSwitches(),
    }
  }

  #idOf(set: LabelSet | undefined, endMicros: number): number {
    if (set === undefined) return NO_LABELS
    const isFixed = set instanceof LabelScope && !this.#scopesChange
    return this.#sampledSets.idOf(isFixed ? set.labels : set, endMicros)
  }

  #takeMade(): number {
    const { made } = this.#registry
    this.#registry.made = 0
    return made
  }

  #takeSwitches(): number {
    const switches = this.#timeline?.switches ?? 0
    const since = switches - this.#switchesTold
    this.#switchesTold = switches
    return since
  }

  counters(): AgentCounters {
    const labelSwitches = this.#switchesBefore + (this.#timeline?.switches ?? 0)
    return { ...this.#registry.counters, ...this.spanCounters, ...this.hookCounters, labelSwitches }
  }

  #hook(): void {
    if (this.#unhookExecutions !== undefined) return
    this.#timeline = new LabelTimeline()
    this.#unhookExecutions = observeExecutions({
      entered: this.#entered,
      entering: this.#entering,
      left: this.#left,
    })
    this.#unhookContext = this.#context?.hook()
    this.observe()
  }

  #switchTo(own: LabelSet | undefined, carried: LabelSet | undefined): void {
    if ((own === this.#own && carried === this.#carried) || this.#timeline === undefined) return
    this.#own = own
    this.#carried = carried
    this.#timeline.record(own, carried)
    if (own === undefined && carried === undefined) return
    if (this.#executions.isEmpty && !this.#outermostEndQueued) this.#awaitOutermostEnd()
  }

  /**
   * Labels came into force outside of every execution: in the main script, in JavaScript that Node.js
   * calls without a hook, or in an execution that began before the hooks were set. Its end is not
   * reported. A microtask runs only after it.
   */
  #awaitOutermostEnd(): void {
    this.#outermostEndQueued = true
    queueMicrotask(() => {
      this.#outermostEndQueued = false
      this.#executions.endInNothing()
    })
  }
}

/** The label sets in force at once, each combination once. */
class LabelCombinations {
  readonly ids: [own: number, carried: number][] = []
  readonly #idOf: (set: LabelSet | undefined) => number
  readonly #indexes = new Map<string, number>()

  constructor(idOf: (set: LabelSet | undefined) => number) {
    this.#idOf = idOf
  }

  indexOf(labels: LabelsInForce, timeMicros: number): number {
    const own = setAt(labels.own, timeMicros)
    const carried = setAt(labels.carried, timeMicros)
    if (own === undefined && carried === undefined) return NO_LABELS
    const ids: [number, number] = [this.#idOf(own), this.#idOf(carried)]
    const key = ids.join()
    const index = this.#indexes.get(key) ?? this.ids.push(ids) - 1
    this.#indexes.set(key, index)
    return index
  }
}

function setAt(set: LabelSet | undefined, timeMicros: number): LabelSet | undefined {
  return set?.at === undefined ? set : set.at(timeMicros)
}

/**
 * The process's one agent. It is found by a symbol, so that two copies of the package (an ESM and a
 * CommonJS one, or two versions) and the sampler thread all mean the same. The number changes when
 * an agent's interface does.
 */
export const AGENT_KEY = 'spanprof.agent.1'

export function sharedAgent(): LabelAgent {
  const key = Symbol.for(AGENT_KEY)
  const global = globalThis as { [key]?: LabelAgent }
  if (global[key] === undefined) {
    Object.defineProperty(global, key, { value: new LabelAgent(), configurable: true })
  }
  return global[key] as LabelAgent
}
