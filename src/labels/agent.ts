import { AsyncLocalStorage } from 'node:async_hooks'
import { type LabelCounters, LabelRegistry } from './label-registry.js'
import { type LabelSet, type Labels, sortedPairs } from './label-set.js'

export type { Labels }

import { LabelTimeline } from './label-timeline.js'
import { observeResumptions, observeScopes } from './resumptions.js'

/** What the sampler thread gets for its sample times; plain data, as it crosses threads. */
export interface LabelsOfSamples {
  /** For each time an index into `labelSets`; -1 for none, -2 where the ring has forgotten. */
  readonly labelSetOfSample: number[]
  /** Sorted by key: `[key, value, key, value, …]`. */
  readonly labelSets: string[][]
  /** How many label sets have been made since the last call. */
  readonly made: number
}

/** What the agent has seen. */
export interface AgentCounters extends LabelCounters {
  /** How often another label set came into force. */
  labelSwitches: number
}

/** Held on to, as tests of the app may put a fake clock in its place. */
const { hrtime } = process

const NO_LABELS = -1
const LABELS_LOST = -2

/**
 * The part of spanprof that lives in the profiled thread. It knows which labels are in force, writes
 * down when they change, and answers which were in force at the times of samples.
 */
export class LabelAgent {
  readonly #storage = new AsyncLocalStorage<LabelSet | undefined>()
  readonly #registry = new LabelRegistry()
  #current: LabelSet | undefined
  #timeline: LabelTimeline | undefined
  /** Those of earlier starts. */
  #switchesBefore = 0
  #everUsed = false
  #recording = false
  #unhook: (() => void) | undefined

  /** Runs `fn` with `labels` over those in force, and returns what it returns. */
  run<T>(labels: Labels, fn: () => T): T {
    const inner = this.#registry.nest(this.#storage.getStore(), labels)
    this.#everUsed = true
    if (!this.#recording) return this.#storage.run(inner, fn)
    this.#hook()
    const outer = this.#current
    this.#switchTo(inner)
    try {
      return this.#storage.run(inner, fn)
    } finally {
      this.#switchTo(outer)
    }
  }

  /** From now on switches are written down. Hooks nothing before the first label is used. */
  start(): void {
    this.#recording = true
    if (this.#everUsed) this.#hook()
  }

  /** Undoes every hook and lets go of everything recorded. Labels go on to be carried along. */
  stop(): void {
    this.#recording = false
    this.#unhook?.()
    this.#unhook = undefined
    this.#switchesBefore += this.#timeline?.switches ?? 0
    this.#timeline = undefined
    this.#current = undefined
  }

  /**
   * The labels in force at the times of a window's samples. What is older than the window's end is
   * forgotten, so that no label outlives it here.
   *
   * @param timesMicros in ascending order, on the clock of `process.hrtime()`.
   */
  labelsAt(timesMicros: readonly number[], endMicros: number): LabelsOfSamples {
    const labelSets: string[][] = []
    const indexes = new Map<LabelSet, number>()
    const indexOf = (set: LabelSet) => {
      const known = indexes.get(set)
      if (known !== undefined) return known
      indexes.set(set, labelSets.length)
      return labelSets.push(sortedPairs(set)) - 1
    }
    const found = this.#timeline?.at(timesMicros) ?? timesMicros.map(() => undefined)
    this.#timeline?.forgetBefore(endMicros)
    return {
      labelSetOfSample: found.map((set) => {
        if (set === undefined) return NO_LABELS
        return set === 'lost' ? LABELS_LOST : indexOf(set)
      }),
      labelSets,
      made: this.#takeMade(),
    }
  }

  #takeMade(): number {
    const { made } = this.#registry
    this.#registry.made = 0
    return made
  }

  counters(): AgentCounters {
    const labelSwitches = this.#switchesBefore + (this.#timeline?.switches ?? 0)
    return { ...this.#registry.counters, labelSwitches }
  }

  #hook(): void {
    if (this.#unhook !== undefined) return
    this.#timeline = new LabelTimeline()
    const resumed = () => this.#switchTo(this.#storage.getStore())
    const unhookResumptions = observeResumptions(resumed)
    const unhookScopes = observeScopes({
      entered: resumed,
      outside: () => this.#current,
      left: (outside) => this.#switchTo(outside as LabelSet | undefined),
    })
    this.#unhook = () => {
      unhookResumptions()
      unhookScopes()
    }
    resumed()
  }

  #switchTo(set: LabelSet | undefined): void {
    if (set === this.#current || this.#timeline === undefined) return
    this.#current = set
    // With its fraction: V8 cuts sample times down to whole microseconds. It takes them when it has
    // walked the stack, more than a microsecond after a switch that came before; one that comes after
    // may follow in the same microsecond, and has to seem later.
    const [seconds, nanos] = hrtime()
    this.#timeline.record(seconds * 1e6 + nanos / 1000, set)
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
