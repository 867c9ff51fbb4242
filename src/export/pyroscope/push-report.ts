import { FailureBurst } from '../../failure-burst.js'
import type { SinkReport } from '../sink.js'
import type { DropCause, PushCounter } from './push-counters.js'

/** What a sink that pushes reports besides. */
export interface PushSinkReport extends SinkReport {
  count(counter: PushCounter, by?: number): void
}

/** Counts what becomes of profiles on their way to a server, and says it once. */
export class PushReport {
  readonly #sink: PushSinkReport
  readonly #origin: string
  readonly #quietMillis: number
  readonly #unreachable: FailureBurst
  readonly #refused: FailureBurst
  readonly #unspooled: FailureBurst
  readonly #rejected: FailureBurst
  #lastFailure = 0
  #lost = 0

  /** @param quietMillis so long after the last failure a success is the end of the trouble. */
  constructor(sink: PushSinkReport, origin: string, quietMillis = 60_000) {
    this.#sink = sink
    this.#origin = origin
    this.#quietMillis = quietMillis
    this.#unreachable = new FailureBurst(sink.log)
    this.#refused = new FailureBurst(sink.log)
    this.#unspooled = new FailureBurst(sink.log)
    this.#rejected = new FailureBurst(sink.log)
  }

  count(counter: PushCounter, by?: number): void {
    this.#sink.count(counter, by)
  }

  arrived(bytes: number): void {
    this.#sink.written(bytes)
    this.count('uploads')
    this.count('uploadBytes', bytes)
    // One profile may be refused time and again while those beside it are taken.
    if (performance.now() - this.#lastFailure < this.#quietMillis) return
    const lost = this.#lost
    this.#lost = 0
    const sentence = (failures: number) =>
      `uploads to ${this.#origin} work again after ${failures} failures; profiles lost: ${lost}`
    this.#unreachable.recovered(sentence)
    this.#refused.recovered(sentence)
  }

  /** A try that failed. */
  failed(reason: string): void {
    this.#lastFailure = performance.now()
    this.#unreachable.failed(`cannot upload profiles to ${this.#origin}: ${reason}`)
  }

  /** A profile that the server will never take. Told of apart: it needs another remedy. */
  refused(reason: string): void {
    this.#lastFailure = performance.now()
    this.#refused.failed(`${this.#origin} refuses profiles, they are lost: ${reason}`)
    this.dropped('droppedRefused')
  }

  dropped(cause: DropCause, count = 1): void {
    this.#lost += count
    for (let i = 0; i < count; i++) this.#sink.dropped()
    this.count(cause, count)
  }

  lostAtEnd(count: number): void {
    if (count === 0) return
    this.dropped('droppedAtEnd', count)
    this.#sink.log(
      'warn',
      `profiles lost because they were not uploaded to ${this.#origin} in time: ${count}`,
    )
  }

  spooled(): void {
    this.count('profilesSpooled')
    this.#unspooled.recovered((failures) => `spoolDir works again after ${failures} failures`)
  }

  notSpooled(error: Error): void {
    this.count('spoolFailures')
    this.#unspooled.failed(`cannot write to spoolDir, profiles wait in memory: ${error.message}`)
  }

  /** A file that is no profile of ours. Only the first one is told of. */
  rejectedFile(name: string): void {
    this.count('spoolFilesRejected')
    this.#rejected.failed(`ignoring '${name}' in spoolDir: it is not a valid profile`)
  }
}
