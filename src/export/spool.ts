import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PushReport } from './push-report.js'
import { decodeFile, encodeFile, nameFile, parseFileName, type SpoolFile } from './spool-file.js'
import { isGone, isSameOwner, newOwner } from './spool-owner.js'
import type { Upload } from './upload.js'

/** Nothing that is uploaded is larger. */
const MAX_FILE_BYTES = 8 * 2 ** 20
const DAMAGED = '.damaged'
/** Damaged files that are kept, for whoever looks for the reason. */
const MAX_DAMAGED = 10
/** What a process that crashed was writing. */
const HALF_WRITTEN = /^\..*\.profile\.tmp$/
const MAX_WRITING_MILLIS = 10 * 60_000

export interface SpoolOptions {
  readonly directory: string
  /** Of all files together, whoever's they are. */
  readonly maxBytes: number
  /** Server, tenant and user: nobody uploads what another was to upload elsewhere. */
  readonly destination: string
  readonly report: PushReport
}

/**
 * Uploads as files in a directory, which several processes may share. A file belongs to the process in
 * its name; when that is gone another renames it to be its own, and who renames first has it.
 */
export class Spool {
  readonly #directory: string
  readonly #maxBytes: number
  readonly #destination: string
  readonly #report: PushReport
  readonly #self = newOwner()
  readonly #strangers = new Set<string>()
  #files = 0
  /** Files that are being sent, which may arrive yet: never dropped. */
  readonly #sending = new Set<string>()

  constructor({ directory, maxBytes, destination, report }: SpoolOptions) {
    this.#directory = directory
    this.#maxBytes = maxBytes
    this.#destination = createHash('sha256').update(destination).digest('hex').slice(0, 16)
    this.#report = report
  }

  /**
   * @param dropped is told of each file that had to make room.
   * @throws where it cannot be written.
   */
  async put(upload: Upload, dropped: (file: SpoolFile) => void): Promise<SpoolFile> {
    const content = encodeFile(upload)
    if (content.length > this.#maxBytes) throw new Error('a profile is larger than maxSpoolBytes')
    const { startTimeMillis } = upload
    const file = this.#named({ startTimeMillis, bytes: content.length })
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    await this.#makeRoom(content.length, dropped)
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

  /** To be sent. @returns `undefined` for a file that is gone or damaged. */
  async load(file: SpoolFile): Promise<Upload | undefined> {
    this.#sending.add(file.name)
    const path = this.#path(file.name)
    try {
      const { size } = await stat(path)
      const upload = size > MAX_FILE_BYTES ? undefined : decodeFile(await readFile(path))
      if (upload === undefined) await this.#setAside(file)
      return upload
    } catch (error) {
      // One that is missing another process has taken over, or has dropped and counted. One that cannot
      // be read now is left to the next process.
      if (!isMissing(error)) this.#report.notSpooled(error as Error)
      return undefined
    }
  }

  /** A file that was loaded waits again. */
  release({ name }: SpoolFile): void {
    this.#sending.delete(name)
  }

  async remove(file: SpoolFile): Promise<void> {
    this.release(file)
    await rm(this.#path(file.name), { force: true }).catch((error) => {
      this.#report.notSpooled(error)
    })
  }

  /**
   * Once a minute.
   *
   * @param own files that this process waits with: they are kept from being taken for orphans.
   * @returns files of processes that are gone, renamed to be ours.
   */
  async adopt(own: readonly SpoolFile[]): Promise<SpoolFile[]> {
    const now = new Date()
    for (const { name } of own) await utimes(this.#path(name), now, now).catch(() => {})
    const names = await readdir(this.#directory).catch(() => [])
    await this.#tidy(names)
    const adopted: SpoolFile[] = []
    for (const file of names.flatMap((name) => parseFileName(name) ?? [])) {
      if (!(await this.#isOrphan(file))) continue
      const mine = this.#named(file)
      try {
        await rename(this.#path(file.name), this.#path(mine.name))
        await utimes(this.#path(mine.name), now, now)
        adopted.push(mine)
      } catch {
        // Another process was faster.
      }
    }
    return adopted
  }

  #named({ startTimeMillis, bytes }: Pick<SpoolFile, 'startTimeMillis' | 'bytes'>): SpoolFile {
    const destination = this.#destination
    return nameFile({ startTimeMillis, bytes, destination, ...this.#self }, ++this.#files)
  }

  async #isOrphan(file: SpoolFile): Promise<boolean> {
    if (file.destination !== this.#destination || isSameOwner(file, this.#self)) return false
    const touched = await this.#touchedMillis(file.name)
    return touched !== undefined && isGone(file, this.#self, touched)
  }

  /** Makes room for a file, at the cost of the oldest, whoever's they are. */
  async #makeRoom(bytes: number, dropped: (file: SpoolFile) => void): Promise<void> {
    const names = (await readdir(this.#directory)).sort()
    const files = names.flatMap((name) => parseFileName(name) ?? [])
    let total = files.reduce((sum, file) => sum + file.bytes, bytes)
    for (const file of files) {
      if (total <= this.#maxBytes) return
      if (this.#sending.has(file.name)) continue
      await rm(this.#path(file.name), { force: true })
      total -= file.bytes
      dropped(file)
    }
  }

  async #setAside(file: SpoolFile): Promise<void> {
    this.#report.rejectedFile(file.name)
    this.#report.dropped('droppedUnfit')
    await rename(this.#path(file.name), this.#path(file.name + DAMAGED)).catch(() => {})
  }

  /** What is not ours is left alone, and counted; what nobody needs any more goes. */
  async #tidy(names: readonly string[]): Promise<void> {
    const damaged = names.filter((name) => name.endsWith(DAMAGED)).sort()
    for (const name of damaged.slice(0, -MAX_DAMAGED)) await this.#forget(name)
    for (const name of names.filter((each) => HALF_WRITTEN.test(each))) {
      const touched = await this.#touchedMillis(name)
      if (Date.now() - (touched ?? Date.now()) > MAX_WRITING_MILLIS) await this.#forget(name)
    }
    for (const name of names) {
      const isOurs = parseFileName(name) || name.endsWith(DAMAGED) || name.startsWith('.')
      if (isOurs || this.#strangers.has(name)) continue
      this.#strangers.add(name)
      this.#report.rejectedFile(name)
    }
  }

  async #forget(name: string): Promise<void> {
    await rm(this.#path(name), { force: true }).catch(() => {})
  }

  async #touchedMillis(name: string): Promise<number | undefined> {
    const stats = await stat(this.#path(name)).catch(() => undefined)
    return stats?.mtimeMs
  }

  #path(name: string): string {
    return join(this.#directory, name)
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}
