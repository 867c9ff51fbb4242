import type { Answer, IngestClient } from './ingest-client.js'
import type { PushReport } from './push-report.js'
import { backoffMillis } from './retry.js'
import type { Upload } from './upload.js'
import type { Taken, UploadQueue } from './upload-queue.js'

/**
 * A Pyroscope answers when it has stored a profile, which takes it half a second whatever the size. So
 * several are sent at once, or the end of a process would have time for a few alone.
 */
const MAX_AT_ONCE = 4
/**
 * Compressed, of all that are sent at once. Together they stay below what a server takes in a second;
 * a larger one goes alone.
 */
const MAX_BYTES_AT_ONCE = 256 * 1024
/** The longest that a server's `Retry-After` is heeded. */
const MAX_RETRY_AFTER_MILLIS = 5 * 60_000

type Failure = Extract<Answer, { outcome: 'failed' }>

/** Brings what waits in the queue to the server, as long as it takes. */
export class Uploader {
  readonly #queue: UploadQueue
  readonly #client: IngestClient
  readonly #report: PushReport
  readonly #ended = new AbortController()
  #uploads = 0
  #bytes = 0
  #failuresInRow = 0
  #endPause: (() => void) | undefined
  readonly #whenIdle = new Set<() => void>()

  constructor(queue: UploadQueue, client: IngestClient, report: PushReport) {
    this.#queue = queue
    this.#client = client
    this.#report = report
  }

  /** Resolves when the upload waits in the queue. */
  async add(upload: Upload): Promise<void> {
    await this.#queue.add(upload)
    this.start()
  }

  /** Sends what may be sent now. */
  start(): void {
    while (this.#maySend()) void this.#sendNext()
  }

  /** Resolves when nothing waits any more, or when the time is up. Does not wait for the next try. */
  async flush(timeUp: AbortSignal): Promise<void> {
    if (timeUp.aborted) return
    this.#endPause?.()
    let done = () => {}
    await new Promise<void>((resolve) => {
      done = resolve
      this.#whenIdle.add(done)
      timeUp.addEventListener('abort', done)
      this.#tellIfIdle()
    })
    timeUp.removeEventListener('abort', done)
    this.#whenIdle.delete(done)
  }

  /** Likewise, and ends. What still waits then stays in the spool, or is dropped. */
  async close(timeUp: AbortSignal): Promise<void> {
    await this.flush(timeUp)
    this.#ended.abort()
    this.#endPause?.()
    await this.flush(new AbortController().signal)
    await this.#queue.close()
    this.#client.close()
  }

  #maySend(): boolean {
    if (this.#ended.signal.aborted || this.#endPause !== undefined || this.#queue.isEmpty) {
      return false
    }
    if (this.#uploads === 0) return true
    // A server that fails is not tried harder.
    if (this.#failuresInRow > 0 || this.#uploads >= MAX_AT_ONCE) return false
    return this.#bytes + this.#queue.nextBytes <= MAX_BYTES_AT_ONCE
  }

  async #sendNext(): Promise<void> {
    const bytes = this.#queue.nextBytes
    this.#uploads++
    this.#bytes += bytes
    const taken = await this.#queue.take()
    const failure = taken && ('upload' in taken ? await this.#try(taken) : taken)
    this.#uploads--
    this.#bytes -= bytes
    if (failure !== undefined) this.#pause(failure)
    this.start()
    this.#tellIfIdle()
  }

  async #try(taken: Taken): Promise<Failure | undefined> {
    if (taken.tries > 0) this.#report.count('uploadRetries')
    const answer = await this.#client.send(taken.upload, this.#ended.signal)
    if (answer.outcome === 'failed') {
      if (!this.#ended.signal.aborted) this.#report.failed(answer.reason)
      await this.#queue.putBack(taken)
      return answer
    }
    this.#failuresInRow = 0
    await this.#queue.remove(taken)
    if (answer.outcome === 'taken') this.#report.arrived(taken.upload.pprof.length)
    else this.#report.refused(answer.reason)
    return undefined
  }

  /** One for all that fail at once; what comes meanwhile waits for its end. */
  #pause({ retryAfterMillis = 0 }: Failure): void {
    if (this.#endPause !== undefined || this.#ended.signal.aborted) return
    this.#failuresInRow++
    const wanted = Math.min(retryAfterMillis, MAX_RETRY_AFTER_MILLIS)
    const millis = Math.max(backoffMillis(this.#failuresInRow), wanted)
    const end = () => {
      clearTimeout(timer)
      this.#endPause = undefined
      this.start()
      this.#tellIfIdle()
    }
    const timer = setTimeout(end, millis)
    this.#endPause = end
  }

  #tellIfIdle(): void {
    const nothingWaits = this.#queue.isEmpty || this.#ended.signal.aborted
    if (this.#uploads > 0 || !nothingWaits) return
    for (const tell of this.#whenIdle) tell()
  }
}
