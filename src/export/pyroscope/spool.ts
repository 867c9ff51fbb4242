import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, mkdir, readFile, rename, rm, unlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PushReport } from './push-report.js'
import { decodeFile, encodeFile, nameFile, type SpoolFile } from './spool-file.js'
import { listSpool, type SpoolListing } from './spool-listing.js'
import { isGone, isSameOwner, newOwner } from './spool-owner.js'
import { MAX_AGE_MILLIS, type Upload } from './upload.js'

/** Nothing that is uploaded is larger. */
const MAX_FILE_BYTES = 8 * 2 ** 20
/** Damaged files that are kept, for whoever looks for the reason. */
const MAX_DAMAGED = 10
const MAX_WRITING_MILLIS = 10 * 60_000
/** Opening a link or a pipe that has taken a file's place must neither follow it nor wait. */
const READ_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

export interface SpoolOptions {
  readonly directory: string
  /** Of all files together, whoever's they are. */
  readonly maxBytes: number
  /** Server, tenant and user: nobody uploads what another was to upload elsewhere. */
  readonly destination: string
  readonly report: PushReport
}

/**
 * Uploads as files in a directory, which several processes may share. A file's name says whose it is and
 * whether it is being sent. Whatever is done with it begins with renaming or removing it: of two
 * processes that want it one succeeds, and for the other it is gone.
 */
export class Spool {
  readonly #directory: string
  readonly #maxBytes: number
  readonly #destination: string
  readonly #report: PushReport
  readonly #self = newOwner()
  readonly #foreign = new Set<string>()
  #files = 0

  constructor({ directory, maxBytes, destination, report }: SpoolOptions) {
    this.#directory = directory
    this.#maxBytes = maxBytes
    this.#destination = createHash('sha256').update(destination).digest('hex').slice(0, 16)
    this.#report = report
  }

  /**
   * @param dropped is told of each file that had to make room.
   * @returns `undefined` where there is no room for it.
   * @throws where it cannot be written.
   */
  async put(upload: Upload, dropped: (file: SpoolFile) => void): Promise<SpoolFile | undefined> {
    const content = encodeFile(upload)
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    if (!(await this.#makeRoom(content.length, dropped))) return undefined
    const file = this.#named(upload.startTimeMillis, content.length)
    const temporary = this.#path(`.${file.name}.tmp`)
    try {
      await writeFile(temporary, content, { mode: 0o600, flag: 'wx' })
      await rename(temporary, this.#path(file.name))
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {}) // What counts is why the writing failed.
      throw error
    }
    return file
  }

  /**
   * To be sent.
   *
   * @returns the file by the name it has meanwhile; `undefined` where it is gone or damaged.
   * @throws where it cannot be read now.
   */
  async load(file: SpoolFile): Promise<{ file: SpoolFile; upload: Upload } | undefined> {
    try {
      const stats = await lstat(this.#path(file.name))
      if (!stats.isFile()) return undefined // The next scan counts what has taken its place.
      const upload = stats.size > MAX_FILE_BYTES ? undefined : await this.#read(file)
      if (upload !== undefined) return { file: await this.#marked(file, 'sending'), upload }
      await this.#setAside(file, stats.size)
      return undefined
    } catch (error) {
      // Another process has taken it over, or has dropped and counted it.
      if (isMissing(error)) return undefined
      throw error
    }
  }

  /** One that was loaded waits again. @returns `undefined` where it is gone. */
  async release(file: SpoolFile): Promise<SpoolFile | undefined> {
    try {
      return await this.#marked(file, 'waiting')
    } catch (error) {
      return isMissing(error) ? undefined : file
    }
  }

  /** @returns whether it was there, and is not any more. */
  async remove(file: SpoolFile): Promise<boolean> {
    try {
      return await this.#removed(file.name)
    } catch (error) {
      this.#report.notSpooled(error as Error)
      return false
    }
  }

  /**
   * Once a minute: keeps the files of this process from being taken for orphans, and tidies up.
   *
   * @returns files of processes that are gone, renamed to be ours.
   */
  async adopt(): Promise<SpoolFile[]> {
    const nothing: SpoolListing = { files: [], halfWritten: [], foreign: [] }
    const listing = await listSpool(this.#directory).catch(() => nothing)
    await this.#tidy(listing)
    const adopted: SpoolFile[] = []
    for (const file of listing.files.filter(({ state }) => state !== 'damaged')) {
      if (isSameOwner(file, this.#self)) await this.#touch(file)
      else if (await this.#isOrphan(file)) adopted.push(...(await this.#inherit(file)))
    }
    return adopted
  }

  #named(startTimeMillis: number, bytes: number, state: SpoolFile['state'] = 'waiting'): SpoolFile {
    const destination = this.#destination
    const number = ++this.#files
    return nameFile({ startTimeMillis, bytes, destination, ...this.#self, number, state })
  }

  /** @throws where it is gone, as {@link rename} does. */
  async #marked(file: SpoolFile, state: SpoolFile['state']): Promise<SpoolFile> {
    const marked = nameFile({ ...file, state })
    await rename(this.#path(file.name), this.#path(marked.name))
    return marked
  }

  /** @returns `undefined` for one that is damaged. */
  async #read({ name }: SpoolFile): Promise<Upload | undefined> {
    return decodeFile(await readFile(this.#path(name), { flag: READ_FILE }))
  }

  async #isOrphan(file: SpoolFile): Promise<boolean> {
    const touched = await this.#touchedMillis(file.name)
    return touched !== undefined && isGone(file, this.#self, touched)
  }

  /** @returns the file by its new name; nothing where it is for another, or for nobody any more. */
  async #inherit(file: SpoolFile): Promise<SpoolFile[]> {
    if (Date.now() - file.startTimeMillis > MAX_AGE_MILLIS) {
      if (await this.remove(file)) this.#report.dropped('droppedTooOld')
      return []
    }
    if (file.destination !== this.#destination) return []
    const mine = this.#named(file.startTimeMillis, file.bytes)
    // Before it is ours: by its age it would be an orphan again at once.
    await this.#touch(file)
    return rename(this.#path(file.name), this.#path(mine.name)).then(
      () => [mine],
      () => [], // Another process was faster.
    )
  }

  /**
   * Makes room for a file. Damaged ones go first, then the oldest, whoever's they are.
   *
   * @returns whether there is room. One that is being sent does not make any.
   */
  async #makeRoom(bytes: number, dropped: (file: SpoolFile) => void): Promise<boolean> {
    const { files } = await listSpool(this.#directory)
    const damaged = files.filter(({ state }) => state === 'damaged')
    const waiting = files.filter(({ state }) => state === 'waiting')
    let total = bytes + totalBytes(files)
    if (total - totalBytes([...damaged, ...waiting]) > this.#maxBytes) return false
    for (const file of [...damaged, ...waiting]) {
      if (total <= this.#maxBytes) break
      // One that another process has just removed made room as well, but is counted there.
      const isRemoved = await this.#removed(file.name)
      total -= file.bytes
      if (isRemoved && file.state === 'waiting') dropped(file)
    }
    return true
  }

  /** @param bytes what its size really is. */
  async #setAside(file: SpoolFile, bytes: number): Promise<void> {
    const damaged = this.#named(file.startTimeMillis, bytes, 'damaged')
    await rename(this.#path(file.name), this.#path(damaged.name))
    this.#report.rejectedFile(file.name)
    this.#report.dropped('droppedUnfit')
  }

  /** What is not ours is left alone, and counted; what nobody needs any more goes. */
  async #tidy({ files, halfWritten, foreign }: SpoolListing): Promise<void> {
    const damaged = files.filter(({ state }) => state === 'damaged')
    for (const { name } of damaged.slice(0, -MAX_DAMAGED)) await this.#forget(name)
    for (const name of halfWritten) {
      const touched = await this.#touchedMillis(name)
      if (Date.now() - (touched ?? Date.now()) > MAX_WRITING_MILLIS) await this.#forget(name)
    }
    for (const name of foreign) {
      if (this.#foreign.has(name)) continue
      this.#foreign.add(name)
      this.#report.rejectedFile(name)
    }
  }

  async #forget(name: string): Promise<void> {
    await this.#removed(name).catch(() => {})
  }

  /** @returns whether it was there. */
  async #removed(name: string): Promise<boolean> {
    try {
      await unlink(this.#path(name)) // `rm` hides that another was faster.
      return true
    } catch (error) {
      if (isMissing(error)) return false
      throw error
    }
  }

  async #touch({ name }: SpoolFile): Promise<void> {
    const now = new Date()
    await utimes(this.#path(name), now, now).catch(() => {}) // It is gone.
  }

  async #touchedMillis(name: string): Promise<number | undefined> {
    const stats = await lstat(this.#path(name)).catch(() => undefined)
    return stats?.mtimeMs
  }

  #path(name: string): string {
    return join(this.#directory, name)
  }
}

function totalBytes(files: readonly SpoolFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0)
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}
