import type { Answer, IngestClient } from './ingest-client.js'
import type { PushReport } from './push-report.js'
import { backoffMillis } from './retry.js'
import type { Upload } from './upload.js'
import type { Taken, UploadQueue } from './upload-queue.js'

/** The longest that a server's `Retry-After` is heeded. */
const MAX_RETRY_AFTER_MILLIS = 5 * 60_000

/** Brings what waits in the queue to the server: one upload at a time, as long as it takes. */
export class Uploader {
  readonly #queue: UploadQueue
  readonly #client: IngestClient
  readonly #report: PushReport
  readonly #ended = new AbortController()
  #working: Promise<void> | undefined
  #endPause = () => {}
  #failuresInRow = 0

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

  /** Goes to work where something waits. */
  start(): void {
    if (!this.#queue.isEmpty && !this.#ended.signal.aborted) this.#working ??= this.#work()
  }

  /** Resolves when nothing waits any more, or when the time is up. Does not wait for the next try. */
  async flush(timeUp: AbortSignal): Promise<void> {
    this.#endPause()
    if (this.#working === undefined || timeUp.aborted) return
    let up = () => {}
    const upSoon = new Promise<void>((resolve) => {
      up = resolve
    })
    timeUp.addEventListener('abort', up)
    await Promise.race([this.#working, upSoon])
    timeUp.removeEventListener('abort', up)
  }

  /** Likewise, and ends. What still waits then stays in the spool, or is dropped. */
  async close(timeUp: AbortSignal): Promise<void> {
    await this.flush(timeUp)
    this.#ended.abort()
    this.#endPause()
    await this.#working
    await this.#queue.close()
    this.#client.close()
  }

  async #work(): Promise<void> {
    while (!this.#queue.isEmpty && !this.#ended.signal.aborted) {
      const taken = await this.#queue.take()
      if (taken !== undefined) await this.#try(taken)
    }
    this.#working = undefined
  }

  async #try(taken: Taken): Promise<void> {
    if (taken.tries > 0) this.#report.count('uploadRetries')
    const answer = await this.#client.send(taken.upload, this.#ended.signal)
    if (answer.outcome === 'failed') {
      if (!this.#ended.signal.aborted) this.#report.failed(answer.reason)
      this.#queue.putBack(taken)
      await this.#pause(answer)
      return
    }
    this.#failuresInRow = 0
    await this.#queue.remove(taken)
    if (answer.outcome === 'taken') {
      this.#report.arrived(taken.upload.pprof.length)
    } else {
      this.#report.failed(answer.reason)
      this.#report.dropped('droppedRefused')
    }
  }

  async #pause({ retryAfterMillis = 0 }: Extract<Answer, { outcome: 'failed' }>): Promise<void> {
    this.#failuresInRow++
    if (this.#ended.signal.aborted || this.#queue.isEmpty) return
    const wanted = Math.min(retryAfterMillis, MAX_RETRY_AFTER_MILLIS)
    const millis = Math.max(backoffMillis(this.#failuresInRow), wanted)
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, millis)
      this.#endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
