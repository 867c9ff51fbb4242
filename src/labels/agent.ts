import { AsyncLocalStorage } from 'node:async_hooks'
import { type LabelCounters, LabelRegistry } from './label-registry.js'
import { type LabelSet, type Labels, type LabelValue, merge } from './label-set.js'
import { type LabelsInForce, LabelTimeline } from './label-timeline.js'
import { LateTexts } from './late-texts.js'
import { observeResumptions, observeScopes } from './resumptions.js'

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
}

/**
 * Another library's context that carries labels, as OpenTelemetry's does with its span. It tells the
 * agent of the changes that no asynchronous resumption brings about: `agent.carry`, `agent.observe`.
 */
export interface CarryingContext {
  /** The labels that the context in force carries. Must not throw. */
  labels(): LabelSet | undefined
  /** Starts to tell of changes. @returns stops it. */
  hook(): () => void
  /** Lets go of contexts, as a window is over. */
  release(): void
}

/** Held on to, as tests of the app may put a fake clock in its place. */
const { hrtime } = process

const NO_LABELS = -1
export const LABELS_LOST = -2

/**
 * The part of spanprof that lives in the profiled thread. It knows which labels are in force, writes
 * down when they change, and answers which were in force at the times of samples.
 */
export class LabelAgent {
  /** Of the spans that a carrying context has labelled. */
  readonly spanCounters = { spans: 0, spanFailures: 0 }
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
  #recording = false
  #unhook: (() => void) | undefined

  /** Runs `fn` with `labels` over those in force, and returns what it returns. */
  run<T>(labels: Labels, fn: () => T): T {
    const inner = this.#registry.nest(this.#storage.getStore(), labels)
    this.#ownUsed = true
    if (!this.#recording) return this.#storage.run(inner, fn)
    this.#hook()
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
    this.#ownUsed = true
    this.#storage.enterWith(set)
    if (!this.#recording) return
    this.#hook()
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
      this.#unhook?.()
      this.#unhook = undefined
      if (this.#recording) this.#hook()
    }
    return this.#context as T
  }

  /** From now on switches are written down. Hooks nothing before there is something to look for. */
  start(): void {
    this.#recording = true
    if (this.#ownUsed || this.#context !== undefined) this.#hook()
  }

  /** Undoes every hook and lets go of everything recorded. Labels go on to be carried along. */
  stop(): void {
    this.#recording = false
    this.#unhook?.()
    this.#unhook = undefined
    this.#switchesBefore += this.#timeline?.switches ?? 0
    this.#timeline = undefined
    this.#switchesTold = 0
    this.#lateTexts.forgetBefore(Number.POSITIVE_INFINITY)
    this.#own = undefined
    this.#carried = undefined
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
    return { ...this.#registry.counters, ...this.spanCounters, labelSwitches }
  }

  #hook(): void {
    if (this.#unhook !== undefined) return
    this.#timeline ??= new LabelTimeline()
    const unhooks = [
      observeResumptions(this.observe),
      observeScopes(this.observe),
      this.#context?.hook(),
    ]
    this.#unhook = () => {
      for (const unhook of unhooks) unhook?.()
    }
    this.observe()
  }

  #switchTo(own: LabelSet | undefined, carried: LabelSet | undefined): void {
    if ((own === this.#own && carried === this.#carried) || this.#timeline === undefined) return
    this.#own = own
    this.#carried = carried
    // With its fraction: V8 cuts sample times down to whole microseconds. It takes them when it has
    // walked the stack, some microseconds after a switch that came before; one that comes after may
    // follow in the same microsecond, and has to seem later.
    const now = hrtime()
    this.#timeline.record(now[0] * 1e6 + now[1] / 1000, own, carried)
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
