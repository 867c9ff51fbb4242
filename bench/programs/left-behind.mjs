import { randomBelow } from './random.mjs'

const MOST = 100

/** Functions that some jobs have bound to themselves, for others to call. */
export class LeftBehind {
  #burn
  #calls = []

  constructor(burn) {
    this.#burn = burn
  }

  leave(call) {
    this.#calls.push(call)
    if (this.#calls.length > MOST) this.#calls.shift()
  }

  /** Any of them, between two stretches of the job's own work. */
  callOne(job) {
    const call = this.#calls[randomBelow(this.#calls.length)]
    this.#burn(job)
    call()
    this.#burn(job)
  }
}
