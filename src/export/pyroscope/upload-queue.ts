import type { PushReport } from './push-report.js'
import type { Spool } from './spool.js'
import type { SpoolFile } from './spool-file.js'
import { MAX_AGE_MILLIS, type Upload } from './upload.js'

export interface UploadQueueOptions {
  /** Of what waits in memory. */
  readonly maxBytes: number
  /** An upload that fails so long after it came is dropped; not in a spool. */
  readonly deadlineMillis: number
  readonly spool: Spool | undefined
  readonly report: PushReport
}

/** An upload in the line. Times are those of `performance.now()`, whatever the wall clock does. */
interface Waiting {
  /** In memory or in a file, one of the two. */
  readonly upload?: Upload
  readonly file?: SpoolFile
  readonly expires: number
  readonly giveUp: number
  readonly tries: number
}

/** An upload that is being sent. */
export interface Taken extends Waiting {
  readonly upload: Upload
}

/** The first in the line could not be read. It waits on, and is to be tried again after a pause. */
export interface NotTaken {
  readonly outcome: 'failed'
  readonly reason: string
}

/**
 * Uploads that wait for the server: in files where there is a spool, which outlive this process, else
 * in memory. Both are bounded, and the oldest is dropped first.
 */
export class UploadQueue {
  readonly #options: UploadQueueOptions
  #line: Waiting[] = []
  #isClosed = false

  constructor(options: UploadQueueOptions) {
    this.#options = options
  }

  get isEmpty(): boolean {
    return this.#line.length === 0
  }

  /** The size of what {@link take} gives next. */
  get nextBytes(): number {
    const { upload, file } = this.#line[0] ?? {}
    return upload?.pprof.length ?? file?.bytes ?? 0
  }

  async add(upload: Upload): Promise<void> {
    const file = await this.#spooled(upload)
    const expires = expiryOf(upload.startTimeMillis)
    const giveUp = performance.now() + this.#options.deadlineMillis
    this.#enter(file ? spooled(file) : { upload, expires, giveUp, tries: 0 })
    this.#limitMemory()
  }

  /** Takes over what processes that are gone have left in the spool. */
  async adopt(): Promise<void> {
    if (this.#isClosed) return
    const files = (await this.#options.spool?.adopt()) ?? []
    if (this.#isClosed) return // They stay in the spool, as what else waits there.
    for (const file of files) this.#enter(spooled(file))
  }

  /** @returns the first in the line; `undefined` where it is gone, so that the next is. */
  async take(): Promise<Taken | NotTaken | undefined> {
    const waiting = this.#line.shift()
    if (waiting === undefined) return undefined
    if (waiting.expires < performance.now()) {
      if (await this.remove(waiting)) this.#options.report.dropped('droppedTooOld')
      return undefined
    }
    const { upload } = waiting
    return upload === undefined ? this.#load(waiting) : { ...waiting, upload }
  }

  /**
   * The server has it, or will never take it.
   *
   * @returns whether it is removed here, and not by another process before.
   */
  async remove({ file }: Waiting): Promise<boolean> {
    this.#left()
    return file === undefined || (await this.#options.spool?.remove(file)) === true
  }

  /** At the end of the line, so that one that fails for itself does not hold up those behind it. */
  async putBack({ upload, file, ...waiting }: Taken): Promise<void> {
    const again = { ...waiting, tries: waiting.tries + 1 }
    if (file !== undefined) {
      const released = await this.#options.spool?.release(file)
      if (released === undefined) this.#left()
      else this.#line.push({ ...again, file: released })
    } else if (waiting.giveUp > performance.now()) {
      this.#line.push({ ...again, upload })
      this.#limitMemory()
    } else {
      this.#left()
      this.#options.report.dropped('droppedDeadline')
    }
  }

  /** What waits in memory gets a last chance in the spool. What waits there stays. */
  async close(): Promise<void> {
    this.#isClosed = true
    const left = this.#line
    this.#line = []
    let lost = 0
    for (const { upload } of left) {
      this.#left()
      if (upload !== undefined && !(await this.#spooled(upload))) lost++
    }
    this.#options.report.lostAtEnd(lost)
  }

  async #load(waiting: Waiting): Promise<Taken | NotTaken | undefined> {
    const { spool, report } = this.#options
    try {
      const loaded = waiting.file && (await spool?.load(waiting.file))
      if (loaded !== undefined) return { ...waiting, ...loaded }
      this.#left()
      return undefined
    } catch (error) {
      const reason = `cannot read from spoolDir: ${(error as Error).message}`
      report.failed(reason)
      this.#line.push(waiting)
      return { outcome: 'failed', reason }
    }
  }

  #enter(waiting: Waiting): void {
    this.#line.push(waiting)
    this.#options.report.count('uploadsWaiting')
  }

  /** It waits no more, for better or worse. */
  #left(): void {
    this.#options.report.count('uploadsWaiting', -1)
  }

  #takeOut(waiting: Waiting | undefined): void {
    const index = waiting === undefined ? -1 : this.#line.indexOf(waiting)
    if (index < 0) return // It is another process's.
    this.#line.splice(index, 1)
    this.#left()
  }

  #limitMemory(): void {
    const inMemory = this.#line.filter(({ upload }) => upload !== undefined)
    let bytes = inMemory.reduce((sum, { upload }) => sum + (upload?.pprof.length ?? 0), 0)
    const oldestFirst = inMemory.toSorted((a, b) => a.expires - b.expires)
    for (const waiting of oldestFirst) {
      if (bytes <= this.#options.maxBytes) return
      bytes -= waiting.upload?.pprof.length ?? 0
      this.#takeOut(waiting)
      this.#options.report.dropped('droppedQueueFull')
    }
  }

  /** @returns `undefined` where there is no spool, it has no room, or it fails. */
  async #spooled(upload: Upload): Promise<SpoolFile | undefined> {
    const { spool, report } = this.#options
    try {
      const file = await spool?.put(upload, ({ name }) => {
        this.#takeOut(this.#line.find((waiting) => waiting.file?.name === name))
        report.dropped('droppedQueueFull')
      })
      if (file !== undefined) report.spooled()
      // Nothing is wrong with the spool where one profile does not fit.
      else if (spool !== undefined) report.count('spoolFailures')
      return file
    } catch (error) {
      report.notSpooled(error as Error)
      return undefined
    }
  }
}

/** A file waits as long as the server would take it. */
function spooled(file: SpoolFile): Waiting {
  const expires = expiryOf(file.startTimeMillis)
  return { file, expires, giveUp: Number.POSITIVE_INFINITY, tries: 0 }
}

function expiryOf(startTimeMillis: number): number {
  const ageMillis = Math.max(0, Date.now() - startTimeMillis)
  return performance.now() + MAX_AGE_MILLIS - ageMillis
}
