import type { CompiledFile } from './compiled-file.js'
import type { AskedPlace } from './own-names.js'
import type { Originals } from './source-location.js'
import type { Original, SourceMap } from './source-map.js'

/** What an answer takes in memory, its path included. */
const ORIGINAL_BYTES = 400
const FILE_BYTES = 400

/** What has been found out about a file: answers, rather than the map that they come from. */
export class KnownFile implements Originals {
  /** Tells the file, as it was when first looked at, from what it will be. */
  readonly stamp: string
  #kept: CompiledFile | undefined
  #asksMore = true
  #onlySource: string | undefined
  readonly #originals = new Map<string, Original | undefined>()

  constructor(stamp: string) {
    this.stamp = stamp
  }

  get onlySource(): string | undefined {
    return this.#onlySource
  }

  /** What need not be read when something new is asked. */
  get kept(): CompiledFile | undefined {
    return this.#kept
  }

  /** Keeps a map that is in no file. */
  keep(map: SourceMap): CompiledFile {
    this.#kept = { code: undefined, map }
    return this.#kept
  }

  /**
   * Another file is in its place, with another map. Node loads a file once, so the code that runs is
   * still the one from before.
   */
  isReplaced(stamp: string): boolean {
    return this.#kept === undefined && stamp !== this.stamp
  }

  /** Nothing has been asked of it yet. */
  get isNew(): boolean {
    return this.#originals.size === 0
  }

  /** What it takes in memory. */
  get byteLength(): number {
    return FILE_BYTES + (this.#kept?.map.byteLength ?? 0) + this.#originals.size * ORIGINAL_BYTES
  }

  get(place: AskedPlace): Original | undefined {
    return this.#originals.get(keyOf(place))
  }

  /** Of these places, those that have not been asked before. */
  newOf(places: readonly AskedPlace[]): AskedPlace[] {
    if (!this.#asksMore) return []
    const unknown = new Map(places.map((place) => [keyOf(place), place]))
    return [...unknown].flatMap(([key, place]) => (this.#originals.has(key) ? [] : [place]))
  }

  /** @throws {SyntaxError} where the map is broken. */
  async ask({ code, map }: CompiledFile, places: readonly AskedPlace[]): Promise<void> {
    const { onlySource } = map
    const originals = await map.originalsOf(places, code)
    this.#onlySource = onlySource
    for (const place of places) this.#originals.set(keyOf(place), originals.get(place))
  }

  /** From now on nothing more is asked. The answers so far stay right. */
  giveUp(): void {
    this.#asksMore = false
    this.#kept = undefined
  }
}

function keyOf({ line, column }: AskedPlace): string {
  return `${line}:${column ?? ''}`
}
