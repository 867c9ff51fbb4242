/**
 * Keeps what stalls the app to a share of the time. Time that passes earns credit, for one pause at
 * most: a quiet day does not pay for a row of them. A pause that took longer than it was expected to
 * has to be earned before the next one.
 */
export class PauseBudget {
  readonly #share: number
  #creditMicros = 0
  #sinceMicros: number

  /** @param share the part of the time that may be spent, 0 to 1; at 1 nothing has to be earned. */
  constructor(share: number, nowMicros: number) {
    this.#share = share
    this.#sinceMicros = nowMicros
  }

  /** Whether a pause that is expected to take so long may begin now. */
  affords(expectedMicros: number, nowMicros: number): boolean {
    this.#earn(nowMicros)
    if (this.#creditMicros < expectedMicros && this.#share < 1) return false
    this.#creditMicros = expectedMicros
    return true
  }

  spend(pauseMicros: number): void {
    this.#creditMicros -= pauseMicros
  }

  #earn(nowMicros: number): void {
    this.#creditMicros += this.#share * (nowMicros - this.#sinceMicros)
    this.#sinceMicros = nowMicros
  }
}
