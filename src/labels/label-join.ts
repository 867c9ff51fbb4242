import type { OpenLabels } from '../sample.js'
import { AGENT_KEY, LABELS_LOST, type LabelsOfSamples, NO_LABELS } from './agent.js'
import { merge } from './label-set.js'

/** The part of a transport that is needed here: sends a command to the profiled thread. */
type Send = (method: string, params: object) => Promise<unknown>

interface CallResult {
  readonly result: { readonly objectId?: string; readonly value?: unknown }
  readonly exceptionDetails?: { readonly exception?: { readonly description?: string } }
}

/**
 * Constant texts: V8 keeps a compiled script for each distinct one. A line break ends the comment, as
 * V8 puts a function's text in parentheses.
 */
const FIND_AGENT = `globalThis[Symbol.for('${AGENT_KEY}')]\n//# sourceURL=spanprof:labels`
const LABELS_AT =
  'function (times, end, keep) { return this.labelsAt(times, end, keep) }\n//# sourceURL=spanprof:labels\n'

/** Samples with their labels. */
export interface JoinedLabels {
  /** By sample; `undefined` for none. */
  readonly labelsOfSample: (OpenLabels | undefined)[]
  /** By sample: its labels are not known any more. */
  readonly isLost: boolean[]
  /** Keys of `withLabels` that a carried label of the same key overrules. */
  readonly overruledKeys: string[]
  readonly made: number
  readonly switches: number
}

/** Asks the agent in the profiled thread for the labels of samples, over the inspector. */
export class LabelJoin {
  readonly #send: Send
  /** By the agent's ids. Changed in place, as recordings refer to them. */
  readonly #sets = new Map<number, { pairs: readonly string[] }>()
  /** By the ids of both of its sets, so that equal ones are the same object. */
  readonly #open = new Map<string, OpenLabels>()
  #agentId: string | undefined

  constructor(send: Send) {
    this.#send = send
  }

  /**
   * @param timesMicros the samples' times, in ascending order.
   * @param keepFromMicros labels of samples from here on are still referred to by recordings.
   */
  async labelsAt(
    timesMicros: readonly number[],
    endMicros: number,
    keepFromMicros: number,
  ): Promise<JoinedLabels> {
    const answer = await this.#ask(timesMicros, endMicros, keepFromMicros)
    for (const [id, pairs] of answer.changedSets) this.#change(id, pairs)
    const combinations = answer.combinations.map(([own, carried]) => this.#combine(own, carried))
    for (const id of answer.settledSets) this.#settle(id)
    return {
      labelsOfSample: answer.labelsOfSample.map((index) => combinations[index]),
      isLost: answer.labelsOfSample.map((index) => index === LABELS_LOST),
      overruledKeys: [...new Set(combinations.flatMap(overruledKeys))],
      made: answer.made,
      switches: answer.switches,
    }
  }

  async #ask(...callArguments: unknown[]): Promise<LabelsOfSamples> {
    const answer = (await this.#send('Runtime.callFunctionOn', {
      objectId: await this.#agent(),
      functionDeclaration: LABELS_AT,
      arguments: callArguments.map((value) => ({ value })),
      returnByValue: true,
      silent: true,
    })) as CallResult
    if (answer.exceptionDetails) {
      throw new Error(answer.exceptionDetails.exception?.description ?? 'labelsAt failed')
    }
    return answer.result.value as LabelsOfSamples
  }

  #change(id: number, pairs: readonly string[]): void {
    const known = this.#sets.get(id)
    if (known === undefined) this.#sets.set(id, { pairs })
    else known.pairs = pairs
  }

  #combine(own: number, carried: number): OpenLabels {
    const key = `${own}:${carried}`
    const open = this.#open.get(key) ?? { own: this.#set(own), carried: this.#set(carried) }
    this.#open.set(key, open)
    return open
  }

  #set(id: number): { readonly pairs: readonly string[] } | undefined {
    return id === NO_LABELS ? undefined : this.#sets.get(id)
  }

  #settle(id: number): void {
    const set = this.#sets.get(id)
    this.#sets.delete(id)
    for (const [key, { own, carried }] of this.#open) {
      if (own === set || carried === set) this.#open.delete(key)
    }
  }

  async #agent(): Promise<string> {
    if (this.#agentId === undefined) {
      const { result } = (await this.#send('Runtime.evaluate', {
        expression: FIND_AGENT,
        silent: true,
      })) as CallResult
      if (result.objectId === undefined) throw new Error('no label agent in the profiled thread')
      this.#agentId = result.objectId
    }
    return this.#agentId
  }
}

function overruledKeys({ own, carried }: OpenLabels): readonly string[] {
  return own && carried ? merge(own.pairs, carried.pairs).clashes : []
}
