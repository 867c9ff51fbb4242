import { isAbsolute } from 'node:path'
import { filePath } from '../export/file-path.js'
import type { Location } from '../export/profile.js'
import { type CompiledFile, readCompiledFile } from './compiled-file.js'
import { KnownFile } from './known-file.js'
import { KnownFiles } from './known-files.js'
import { NO_MAP, type NodeMaps } from './node-maps.js'
import type { AskedPlace } from './own-names.js'
import { fileState } from './regular-file.js'
import { placesOf, sourceLocation } from './source-location.js'
import { SourceMap } from './source-map.js'

/** What has been found out takes no more than this. */
const MAX_KNOWN_BYTES = 16 << 20
/** After this time a profile begins with no more files: some are shown as compiled. */
const MAX_READING_MILLIS = 1000
/**
 * Of larger sources Node is not asked for a map: it decodes one when first asked, on the app's thread,
 * some 0.1 ms for each KB of source.
 */
const MAX_LOADED_BYTES = 256 << 10

/** What reading source maps reports; plain functions, so that it knows no other part of spanprof. */
export interface SourceMapReport {
  read(): void
  /** A map is named that is not there, or is none; or it is of other code than what runs. */
  failed(): void
  /** A profile shows a file as compiled, as the others took all the time there was. */
  late(): void
}

/** A file that appears in samples. */
interface SampledFile {
  readonly url: string
  readonly path: string
  readonly places: AskedPlace[]
}

/** Places in the sources that code was compiled from, by the maps that it brings. */
export class SourceMaps {
  readonly #nodeMaps: NodeMaps
  readonly #report: SourceMapReport
  readonly #nowMillis: () => number
  readonly #known = new KnownFiles(MAX_KNOWN_BYTES)
  #turn: Promise<unknown> = Promise.resolve()

  constructor(nodeMaps: NodeMaps, report: SourceMapReport, nowMillis = () => performance.now()) {
    this.#nodeMaps = nodeMaps
    this.#report = report
    this.#nowMillis = nowMillis
  }

  /** One location for each. Profiles take turns, so that none reads what another has read. */
  locationsOf(locations: readonly Location[]): Promise<Location[]> {
    const found = this.#turn.then(() => this.#locationsOf(locations))
    this.#turn = found.catch(() => {})
    return found
  }

  async #locationsOf(locations: readonly Location[]): Promise<Location[]> {
    const deadline = this.#nowMillis() + MAX_READING_MILLIS
    const files = new Map<string, KnownFile>()
    const inNoFile: [SampledFile, KnownFile][] = []
    for (const sampled of sampledFiles(locations)) {
      const { stamp, bytes } = fileState(sampled.path)
      const file = this.#known.get(sampled.url) ?? new KnownFile(stamp)
      files.set(sampled.url, file)
      if (file.newOf(sampled.places).length === 0) continue
      if (file.isReplaced(stamp)) {
        this.#giveUp(file)
        continue
      }
      if (this.#nowMillis() > deadline) {
        this.#report.late()
        continue
      }
      if (await this.#learn(sampled, file, () => readCompiledFile(sampled.path))) continue
      if (bytes <= MAX_LOADED_BYTES) inNoFile.push([sampled, file])
      else file.giveUp()
    }
    await this.#learnFromNode(inNoFile, deadline)
    this.#known.keep(files)
    return locations.map((location) => {
      const file = files.get(location.frame.url)
      return file ? sourceLocation(location, file) : location
    })
  }

  /** @returns false where the file says nothing of a map. */
  async #learn(
    { places }: SampledFile,
    file: KnownFile,
    read: () => Promise<CompiledFile | undefined> | CompiledFile,
  ): Promise<boolean> {
    try {
      const compiled = file.kept ?? (await read())
      if (compiled === undefined) return false
      const { isNew } = file
      await file.ask(compiled, file.newOf(places))
      if (isNew) this.#report.read()
    } catch {
      this.#giveUp(file)
    }
    return true
  }

  /** Not worth a line in the log: packages often name maps that they do not bring. */
  #giveUp(file: KnownFile): void {
    file.giveUp()
    this.#report.failed()
  }

  async #learnFromNode(
    asked: readonly (readonly [SampledFile, KnownFile])[],
    deadline: number,
  ): Promise<void> {
    if (asked.length === 0) return
    const urls = asked.map(([{ url }]) => url)
    const maps = await this.#nodeMaps.find(urls, deadline)
    for (const [sampled, file] of asked) {
      const json = maps.get(sampled.url)
      if (json === undefined) this.#report.late()
      else if (json === NO_MAP) file.giveUp()
      else await this.#learn(sampled, file, () => file.keep(new SourceMap(json, sampled.path)))
    }
  }
}

function sampledFiles(locations: readonly Location[]): Iterable<SampledFile> {
  const files = new Map<string, SampledFile>()
  for (const location of locations) {
    const { url } = location.frame
    const path = filePath(url)
    if (!isAbsolute(path)) continue
    const file = files.get(url) ?? { url, path, places: [] }
    file.places.push(...placesOf(location))
    files.set(url, file)
  }
  return files.values()
}
