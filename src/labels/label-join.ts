import { AGENT_KEY, LABELS_LOST, type LabelsOfSamples } from './agent.js'
import type { LabelValue } from './label-set.js'

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
  /** By sample: `[key, value, …]` sorted by key, or `undefined` for none. */
  readonly labelsOfSample: (readonly LabelValue[] | undefined)[]
  /** By sample: its labels are not known any more. */
  readonly isLost: boolean[]
  readonly overruledKeys: string[]
  readonly made: number
  readonly switches: number
}

/** Asks the agent in the profiled thread for the labels of samples, over the inspector. */
export class LabelJoin {
  readonly #send: Send
  /** What labels refer to; renewed in place, as recordings hold them too. */
  readonly #lateTexts = new Map<number, { text: string }>()
  #agentId: string | undefined

  constructor(send: Send) {
    this.#send = send
  }

  /**
   * @param timesMicros the samples' times, in ascending order.
   * @param keepTextsFromMicros labels of samples from here on are still held by somebody.
   */
  async labelsAt(
    timesMicros: readonly number[],
    endMicros: number,
    keepTextsFromMicros: number,
  ): Promise<JoinedLabels> {
    const answer = await this.#ask(timesMicros, endMicros, keepTextsFromMicros)
    for (const [id, text] of answer.lateTexts) this.#lateText(id).text = text
    const openValue = (value: string | number) =>
      typeof value === 'string' ? value : this.#lateText(value)
    const labelSets = answer.labelSets.map((pairs) => pairs.map(openValue))
    for (const id of answer.settledTexts) this.#lateTexts.delete(id)
    return {
      labelsOfSample: answer.labelSetOfSample.map((index) => labelSets[index]),
      isLost: answer.labelSetOfSample.map((index) => index === LABELS_LOST),
      overruledKeys: answer.overruledKeys,
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

  #lateText(id: number): { text: string } {
    const known = this.#lateTexts.get(id)
    if (known !== undefined) return known
    const late = { text: '' }
    this.#lateTexts.set(id, late)
    return late
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
