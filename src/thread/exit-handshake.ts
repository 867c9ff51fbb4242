/** What the app's thread asks for. */
const ASKED = 0
/** How far the sampler thread is. */
const STATE = 1
/** How long it waits for that, in milliseconds. */
const TIMEOUT = 2

const NOT_CONNECTED = 0
const CONNECTED = 1
const DONE = 2

/**
 * The end of the process, agreed on through shared memory, as no event loop turns any more: in the
 * `exit` event the app's thread waits until the sampler thread has taken the last window, brought it
 * to its sinks and left the inspector (Node would otherwise print "Waiting for the debugger to
 * disconnect"). V8 serves the inspector while the app's thread waits.
 */
export class ExitHandshake {
  readonly memory: SharedArrayBuffer
  readonly #cells: Int32Array

  constructor(memory = new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory
    this.#cells = new Int32Array(memory)
  }

  /** In the sampler thread. `false` when the process is ending already: then do not connect. */
  connecting(): boolean {
    return Atomics.compareExchange(this.#cells, STATE, NOT_CONNECTED, CONNECTED) === NOT_CONNECTED
  }

  /** In the sampler thread: resolves when the process ends. @returns how many milliseconds it waits. */
  async asked(): Promise<number> {
    await Atomics.waitAsync(this.#cells, ASKED, 0).value
    return Atomics.load(this.#cells, TIMEOUT)
  }

  /** In either thread: the sampler thread has left the inspector, or is gone. */
  done(): void {
    Atomics.store(this.#cells, STATE, DONE)
    Atomics.notify(this.#cells, STATE)
  }

  /** In the app's thread, once and at its end. */
  askAndWait(timeoutMillis: number): void {
    Atomics.store(this.#cells, TIMEOUT, timeoutMillis)
    Atomics.store(this.#cells, ASKED, 1)
    Atomics.notify(this.#cells, ASKED)
    Atomics.compareExchange(this.#cells, STATE, NOT_CONNECTED, DONE)
    Atomics.wait(this.#cells, STATE, CONNECTED, timeoutMillis)
  }
}
