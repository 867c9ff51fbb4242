import { setImmediate } from 'node:timers/promises'
import { wordsAt } from './code-words.js'
import { jsonFields, jsonItems, plainStringBytes } from './json-bytes.js'
import { MapLookup, type Place, type Traced } from './map-lookup.js'
import { readMappings } from './mappings.js'
import { sourcePath } from './source-path.js'

/** A place in compiled code, with V8's name for what begins there. */
export interface AskedPlace extends Place {
  readonly functionName: string
}

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

interface Section {
  readonly line: number
  readonly column: number
  readonly fields: ReadonlyMap<string, Buffer>
}

/** An item of a section's array of texts. */
interface IndexedText {
  readonly section: number
  readonly index: number
}

const FIELDS = new Set(['version', 'mappings', 'sources', 'names', 'sourceRoot', 'sections'])
const SECTION_FIELDS = new Set(['offset', 'map'])
const NO_ITEMS = Buffer.from('[]')
const NOTHING = Buffer.alloc(0)
/** More than the modules of any bundle; each costs memory. */
const MAX_SECTIONS = 50_000
const MAX_TEXT_BYTES = 4096

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
   * @param code the compiled code, to see which names are whose.
   * @throws {SyntaxError} where the map is broken.
   */
  async originalsOf<Asked extends AskedPlace>(
    places: readonly Asked[],
    code: Buffer | undefined,
  ): Promise<Map<Asked, Original>> {
    const traced = await this.#trace(places)
    const sources = [...traced.values()].map(({ section, source }) => ({ section, index: source }))
    const sourceOf = this.#textsOf('sources', sources)
    const nameOf = this.#namesOf(traced, code)
    const originals = new Map<Asked, Original>()
    for (const place of places) {
      const found = traced.get(place)
      const source = found && sourceOf({ section: found.section, index: found.source })
      if (!source) continue
      originals.set(place, {
        source: this.#path(this.#sections[found.section] as Section, source),
        line: found.line + 1,
        column: found.column + 1,
        name: nameOf(place),
      })
    }
    return originals
  }

  /**
   * A map gives original names to identifiers, V8 a place behind a function's own: at its first
   * parenthesis or parameter. So of the names before that place it is the one that stands where the
   * code says what V8 says; without the code, V8's name is kept.
   */
  #namesOf<Asked extends AskedPlace>(
    traced: ReadonlyMap<Asked, Traced>,
    code: Buffer | undefined,
  ): (place: Asked) => string | undefined {
    if (code === undefined) return () => undefined
    const named = [...traced].filter(([{ functionName }]) => functionName !== '')
    const words = wordsAt(
      code,
      named.flatMap(([, { names }]) => names),
    )
    const own = new Map<Asked, IndexedText>()
    for (const [place, { section, names }] of named) {
      const word = place.functionName.slice(place.functionName.lastIndexOf('.') + 1)
      const name = names.findLast((candidate) => words.get(candidate) === word)
      if (name !== undefined) own.set(place, { section, index: name.name })
    }
    const textOfName = this.#textsOf('names', [...own.values()])
    return (place) => {
      const name = own.get(place)
      return name && (textOfName(name) || undefined)
    }
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

  /** Only the texts that are asked for are taken out of a section's array, in one go. */
  #textsOf(
    field: 'sources' | 'names',
    wanted: readonly IndexedText[],
  ): (text: IndexedText) => string | undefined {
    const texts = new Map<number, Map<number, string | undefined>>()
    for (const { section, index } of wanted) {
      const known = texts.get(section) ?? new Map()
      texts.set(section, known.set(index, undefined))
    }
    for (const [section, found] of texts) {
      let [index, left] = [0, found.size]
      for (const item of jsonItems(this.#sections[section]?.fields.get(field) ?? NO_ITEMS)) {
        if (left === 0) break
        if (found.has(index)) {
          found.set(index, textOf(item))
          left--
        }
        index++
      }
    }
    return ({ section, index }) => texts.get(section)?.get(index)
  }

  #path({ fields }: Section, source: string): string {
    return sourcePath(this.#file, textOf(fields.get('sourceRoot') ?? NOTHING) ?? '', source)
  }
}

function sectionsOf(bytes: Buffer): Section[] {
  const whole = jsonFields(withoutGuard(bytes), FIELDS)
  if (String(whole.get('version')) !== '3') throw new SyntaxError('no source map of version 3')
  const sections = whole.get('sections')
  if (sections === undefined) return [{ line: 0, column: 0, fields: whole }]
  const read: Section[] = []
  for (const item of jsonItems(sections)) {
    const section = jsonFields(item, SECTION_FIELDS)
    const offset = JSON.parse(String(section.get('offset') ?? 'null').slice(0, MAX_TEXT_BYTES))
    const { line, column } = offset ?? {}
    if (!isPlace(line) || !isPlace(column) || read.length === MAX_SECTIONS) {
      throw new SyntaxError('a section without its place')
    }
    read.push({ line, column, fields: jsonFields(section.get('map') ?? NOTHING, FIELDS) })
  }
  return read
}

/** Servers put `)]}'` before JSON, so that browsers do not run it. */
function withoutGuard(bytes: Buffer): Buffer {
  const guarded = bytes.toString('latin1', 0, 3) === ')]}'
  return guarded ? bytes.subarray(bytes.indexOf('\n') + 1) : bytes
}

function isPlace(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0
}

/** A string, and none that is too long to be a name or a path. */
function textOf(item: Buffer): string | undefined {
  if (item.length > MAX_TEXT_BYTES || item[0] !== 0x22) return undefined
  return JSON.parse(String(item))
}
