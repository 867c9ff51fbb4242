import { executionAsyncId } from 'node:async_hooks'
import type { LabelSet } from './label-set.js'

/** Stands for a promise's reaction that has no async id. */
export const PROMISE = 0

/**
 * The executions under way, each with the labels to which the thread returns after it. All of them
 * but the innermost wait for it: a native callback or a promise's reaction can run inside JavaScript.
 * Called twice in each execution, so that nothing here allocates but a stack that grows.
 */
export class ExecutionStack {
  #ids = new Float64Array(64)
  readonly #outerOwn: (LabelSet | undefined)[] = []
  readonly #outerCarried: (LabelSet | undefined)[] = []
  #depth = 0

  get isEmpty(): boolean {
    return this.#depth === 0
  }

  /** @param own, carried the labels to return to. */
  enter(asyncId: number, own: LabelSet | undefined, carried: LabelSet | undefined): void {
    if (this.#depth > 0 && asyncId === PROMISE) this.#dropStale()
    if (this.#depth === this.#ids.length) this.#grow()
    const index = this.#depth++
    this.#ids[index] = asyncId
    // Mostly nothing is in force outside. A store into an array costs more than a look.
    if (this.#outerOwn[index] !== own) this.#outerOwn[index] = own
    if (this.#outerCarried[index] !== carried) this.#outerCarried[index] = carried
  }

  /**
   * Removes an execution and those that it still has inside.
   *
   * @returns its index, for `outerOwn` and `outerCarried`; -1 if its begin was not seen. Everything on
   *   the stack is over then.
   */
  leave(asyncId: number): number {
    let index = this.#depth - 1
    while (index >= 0 && this.#ids[index] !== asyncId) index--
    this.#depth = index < 0 ? 0 : index
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
    this.#outerOwn.length = 0
    this.#outerCarried.length = 0
  }

  #grow(): void {
    const ids = this.#ids
    this.#ids = new Float64Array(2 * ids.length)
    this.#ids.set(ids)
  }

  /**
   * Drops executions whose end was not reported. A promise's reaction without an async id leaves that
   * of the execution around it the current one.
   */
  #dropStale(): void {
    const innermost = this.#ids[this.#depth - 1]
    if (innermost !== PROMISE && innermost !== executionAsyncId()) this.#depth = 0
  }
}
