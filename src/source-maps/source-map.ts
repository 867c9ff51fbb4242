import { setImmediate } from 'node:timers/promises'
import { jsonItems, plainStringBytes } from './json-bytes.js'
import { MapLookup, type Traced } from './map-lookup.js'
import { type Section, sectionsOf } from './map-sections.js'
import { type IndexedText, textOf, textsOf } from './map-texts.js'
import { readMappings } from './mappings.js'
import { type AskedPlace, inFull, ownNames } from './own-names.js'
import { sourcePath } from './source-path.js'

/** Where a place comes from. */
export interface Original {
  /** A path, or what the map has for one. */
  readonly source: string
  /** 1-based. */
  readonly line: number
  /** 1-based. */
  readonly column: number
  /** What the function was called there, where that is another name. */
  readonly name: string | undefined
}

const NO_ITEMS = Buffer.from('[]')
const NOTHING = Buffer.alloc(0)

/** A source map, kept as bytes and read when something is asked. */
export class SourceMap {
  readonly byteLength: number
  readonly #file: string
  readonly #sections: readonly Section[]

  /**
   * @param file the path of the map, or of the file that it is in.
   * @throws {SyntaxError} for what is no source map.
   */
  constructor(bytes: Buffer, file: string) {
    this.byteLength = bytes.length
    this.#file = file
    this.#sections = sectionsOf(bytes)
  }

  /** The map's only source, where it has just one. */
  get onlySource(): string | undefined {
    const [section, another] = this.#sections
    if (section === undefined || another !== undefined) return undefined
    let only: string | undefined
    for (const item of jsonItems(section.fields.get('sources') ?? NO_ITEMS)) {
      if (only !== undefined) return undefined
      only = textOf(item) ?? ''
    }
    return only && this.#path(section, only)
  }

  /**
   * @param code the compiled code, to see which names are whose; without it, V8's are kept.
   * @throws {SyntaxError} where the map is broken.
   */
  async originalsOf<Asked extends AskedPlace>(
    places: readonly Asked[],
    code: Buffer | undefined,
  ): Promise<Map<Asked, Original>> {
    const traced = await this.#trace(places)
    const sources = [...traced.values()].map(({ section, source }) => ({ section, index: source }))
    const sourceOf = await textsOf(this.#sections, 'sources', sources)
    const own = code === undefined ? new Map<Asked, IndexedText>() : ownNames(traced, code)
    const nameOf = await textsOf(this.#sections, 'names', [...own.values()])
    const originals = new Map<Asked, Original>()
    for (const place of places) {
      const found = traced.get(place)
      const source = found && sourceOf({ section: found.section, index: found.source })
      if (!source) continue
      const ownName = own.get(place)
      const name = ownName && nameOf(ownName)
      originals.set(place, {
        source: this.#path(this.#sections[found.section] as Section, source),
        line: found.line + 1,
        column: found.column + 1,
        name: name ? inFull(name, place) : undefined,
      })
    }
    return originals
  }

  async #trace<Asked extends AskedPlace>(
    places: readonly Asked[],
  ): Promise<ReadonlyMap<Asked, Traced>> {
    const lookup = new MapLookup(places)
    for (const [index, { fields, line, column }] of this.#sections.entries()) {
      lookup.section = index
      const mappings = plainStringBytes(fields.get('mappings') ?? NOTHING)
      for (const _ of readMappings(mappings, lookup, line, column)) await setImmediate()
      if (lookup.isDone) break
    }
    return lookup.finish()
  }

  #path({ fields }: Section, source: string): string {
    return sourcePath(this.#file, textOf(fields.get('sourceRoot') ?? NOTHING) ?? '', source)
  }
}
