/** Says something to a person. */
export type Log = (level: LogLevel, message: string) => void
export type LogLevel = 'warn' | 'info'

/** One line where a row of failures begins, one where it ends, nothing in between. */
export class FailureBurst {
  readonly #log: Log
  #failures = 0

  constructor(log: Log) {
    this.#log = log
  }

  failed(message: string): void {
    if (this.#failures++ === 0) this.#log('warn', message)
  }

  /** @param message says what was lost, given the number of failures. */
  recovered(message: (failures: number) => string): void {
    if (this.#failures === 0) return
    this.#log('info', message(this.#failures))
    this.#failures = 0
  }
}
