import { AGENT_KEY, type LabelsOfSamples } from './agent.js'

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
  'function (times, end) { return this.labelsAt(times, end) }\n//# sourceURL=spanprof:labels\n'

/** Asks the agent in the profiled thread for the labels of samples, over the inspector. */
export class LabelJoin {
  readonly #send: Send
  #agentId: string | undefined

  constructor(send: Send) {
    this.#send = send
  }

  /** @param timesMicros the samples' times, in ascending order. */
  async labelsAt(timesMicros: readonly number[], endMicros: number): Promise<LabelsOfSamples> {
    const answer = (await this.#send('Runtime.callFunctionOn', {
      objectId: await this.#agent(),
      functionDeclaration: LABELS_AT,
      arguments: [{ value: timesMicros }, { value: endMicros }],
      returnByValue: true,
      silent: true,
    })) as CallResult
    if (answer.exceptionDetails) {
      throw new Error(answer.exceptionDetails.exception?.description ?? 'labelsAt failed')
    }
    return answer.result.value as LabelsOfSamples
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
