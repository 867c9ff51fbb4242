import { executionAsyncId } from 'node:async_hooks'
import type { Execution } from './execution-hooks.js'
import type { LabelSet } from './label-set.js'

/**
 * The executions under way, each with the labels to which the thread returns after it. All of them
 * but the innermost wait for it: a native callback or a promise reaction can run inside JavaScript.
 */
export class ExecutionStack {
  readonly #executions: (Execution | undefined)[] = []
  readonly #outerOwn: (LabelSet | undefined)[] = []
  readonly #outerCarried: (LabelSet | undefined)[] = []
  #depth = 0

  get isEmpty(): boolean {
    return this.#depth === 0
  }

  /** Called in each execution, as is `leave`: no allocation but for a stack that grows. */
  enter(execution: Execution, own: LabelSet | undefined, carried: LabelSet | undefined): void {
    if (this.#depth > 0 && typeof execution === 'object') this.#dropStale()
    const index = this.#depth++
    this.#executions[index] = execution
    this.#outerOwn[index] = own
    this.#outerCarried[index] = carried
  }

  /**
   * Removes an execution and those that it still has inside.
   *
   * @returns its index, for `outerOwn` and `outerCarried`; -1 if its begin was not seen. Everything on
   *   the stack is over then.
   */
  leave(execution: Execution): number {
    let index = this.#depth
    do index--
    while (index >= 0 && this.#executions[index] !== execution)
    const left = Math.max(index, 0)
    for (let i = left; i < this.#depth; i++) this.#executions[i] = undefined
    this.#depth = left
    return index
  }

  outerOwn(index: number): LabelSet | undefined {
    return this.#outerOwn[index]
  }

  outerCarried(index: number): LabelSet | undefined {
    return this.#outerCarried[index]
  }

  /** After all of them nothing runs any more: no labels are in force then. */
  endInNothing(): void {
    this.#outerOwn.fill(undefined)
    this.#outerCarried.fill(undefined)
  }

  clear(): void {
    this.#depth = 0
    this.#executions.length = 0
    this.#outerOwn.length = 0
    this.#outerCarried.length = 0
  }

  /**
   * Drops executions whose end was not reported. A promise's reaction has no async id where promises
   * are followed by hooks of their own, so that of the execution around it is still the current one.
   */
  #dropStale(): void {
    const innermost = this.#executions[this.#depth - 1]
    if (typeof innermost === 'number' && innermost !== executionAsyncId()) this.clear()
  }
}
