import { AsyncLocalStorage } from 'node:async_hooks'
import type { ContextFrame } from './context-frame.js'
import { observeExecutions } from './execution-hooks.js'
import { ExecutionStack } from './execution-stack.js'
import { type LabelCounters, LabelRegistry } from './label-registry.js'
import { type LabelSet, type Labels, type LabelValue, merge } from './label-set.js'
import { type LabelsInForce, LabelTimeline } from './label-timeline.js'
import { LateTexts } from './late-texts.js'

export type { ContextFrame } from './context-frame.js'
export type { LabelSet, Labels, LateText } from './label-set.js'

/** What the sampler thread gets for its sample times; plain data, as it crosses threads. */
export interface LabelsOfSamples {
  /** For each time an index into `labelSets`; -1 for none, -2 where the ring has forgotten. */
  readonly labelSetOfSample: number[]
  /** Sorted by key: `[key, value, key, value, …]`. A number in a value's place is a late text's id. */
  readonly labelSets: (string | number)[][]
  /** Late texts that are new or have changed since the last call. */
  readonly lateTexts: [id: number, text: string][]
  /** Ids of late texts that nobody will hear of again. */
  readonly settledTexts: number[]
  /** Keys of `withLabels` that stood against a carried label, and lost. */
  readonly overruledKeys: string[]
  /** How many label sets have been made since the last call. */
  readonly made: number
  /** How often other labels came into force since the last call. */
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

const NO_LABELS = -1
export const LABELS_LOST = -2

/**
 * The part of spanprof that lives in the profiled thread. It knows which labels are in force, writes
 * down when they change, and answers which were in force at the times of samples.
 */
export class LabelAgent {
  /** Of the spans that a carrying context has labelled. */
  readonly spanCounters = { spans: 0, spanFailures: 0 }
  readonly hookCounters = { hooksRefused: 0 }
  readonly #storage = new AsyncLocalStorage<LabelSet | undefined>()
  readonly #registry = new LabelRegistry()
  readonly #lateTexts = new LateTexts()
  #context: CarryingContext | undefined
  #own: LabelSet | undefined
  #carried: LabelSet | undefined
  #timeline: LabelTimeline | undefined
  /** Those of earlier starts. */
  #switchesBefore = 0
  #switchesTold = 0
  #ownUsed = false
  /** There are labels in this process, so that there is something to hook for. */
  #used = false
  #recording = false
  readonly #executions = new ExecutionStack()
  #outermostEndQueued = false
  #unhookExecutions: (() => void) | undefined
  #unhookContext: (() => void) | undefined

  /** Runs `fn` with `labels` over those in force, and returns what it returns. */
  run<T>(labels: Labels, fn: () => T): T {
    const inner = this.#registry.nest(this.#storage.getStore(), labels)
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
    const set = this.#registry.nest(undefined, labels)
    this.#useOwn()
    this.#storage.enterWith(set)
    this.#switchTo(set, this.#carried)
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
    const own = this.#ownUsed ? (frame?.get(this.#storage) as LabelSet | undefined) : undefined
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
    this.#lateTexts.forgetBefore(Number.POSITIVE_INFINITY)
    this.#own = undefined
    this.#carried = undefined
    this.#executions.clear()
  }

  /**
   * The labels in force at the times of a window's samples. What is older than the window's end is
   * forgotten, so that no label outlives it here.
   *
   * @param timesMicros in ascending order, on the clock of `process.hrtime()`.
   * @param keepTextsFromMicros late texts of samples from here on may still be asked for.
   */
  labelsAt(
    timesMicros: readonly number[],
    endMicros: number,
    keepTextsFromMicros: number,
  ): LabelsOfSamples {
    const described = new DescribedLabels(this.#lateTexts, endMicros)
    const found = this.#timeline?.at(timesMicros) ?? []
    const labelSetOfSample = timesMicros.map((_, i) => {
      const labels = found[i]
      if (labels === undefined) return NO_LABELS
      return labels === 'lost' ? LABELS_LOST : described.indexOf(labels)
    })
    this.#timeline?.forgetBefore(endMicros)
    this.#context?.release()
    return {
      labelSetOfSample,
      labelSets: described.labelSets,
      lateTexts: this.#lateTexts.changes(),
      settledTexts: this.#lateTexts.forgetBefore(keepTextsFromMicros),
      overruledKeys: [...described.overruledKeys],
      made: this.#takeMade(),
      switches: this.#takeSwitches(),
    }
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

/** Labels in force, written out for the sampler thread, each combination once. */
class DescribedLabels {
  readonly labelSets: (string | number)[][] = []
  readonly overruledKeys = new Set<string>()
  readonly #lateTexts: LateTexts
  readonly #endMicros: number
  readonly #indexes = new Map<LabelSet | undefined, Map<LabelSet | undefined, number>>()

  /** @param endMicros no sample is later. */
  constructor(lateTexts: LateTexts, endMicros: number) {
    this.#lateTexts = lateTexts
    this.#endMicros = endMicros
  }

  indexOf(labels: LabelsInForce): number {
    const { own, carried } = labels
    const indexes = this.#indexes.get(own) ?? new Map<LabelSet | undefined, number>()
    this.#indexes.set(own, indexes)
    const index = indexes.get(carried) ?? this.#add(labels)
    indexes.set(carried, index)
    return index
  }

  #add({ own, carried }: LabelsInForce): number {
    const { pairs, clashes } = merge(own, carried)
    if (pairs.length === 0) return NO_LABELS
    for (const key of clashes) this.overruledKeys.add(key)
    const described = (value: LabelValue) =>
      typeof value === 'string' ? value : this.#lateTexts.idOf(value, this.#endMicros)
    return this.labelSets.push(pairs.flatMap(([key, value]) => [key, described(value)])) - 1
  }
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
