import type { KnownFile } from './known-file.js'

/** What has been found out, up to a bound: the files asked for least lately are forgotten. */
export class KnownFiles {
  readonly #maxBytes: number
  readonly #files = new Map<string, KnownFile>()

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get(url: string): KnownFile | undefined {
    return this.#files.get(url)
  }

  /** Keeps these files, as the last ones asked for. */
  keep(files: Iterable<readonly [string, KnownFile]>): void {
    for (const [url, file] of files) {
      this.#files.delete(url)
      this.#files.set(url, file)
    }
    let bytes = [...this.#files.values()].reduce((sum, { byteLength }) => sum + byteLength, 0)
    for (const [oldest, { byteLength }] of this.#files) {
      if (bytes <= this.#maxBytes) break
      this.#files.delete(oldest)
      bytes -= byteLength
    }
  }
}
