import type { SegmentListener } from './mappings.js'

/** A place in compiled code, from 0. */
export interface Place {
  readonly line: number
  /** `undefined` for whatever comes first on the line. */
  readonly column: number | undefined
}

/** What a map says of a place: indexes into its sources and names, lines and columns from 0. */
export interface Traced {
  /** Which of the map's sections the indexes belong to. */
  readonly section: number
  readonly source: number
  readonly line: number
  readonly column: number
  /** The last names before the place, on its line, the nearest last. */
  readonly names: readonly NamedColumn[]
}

export interface NamedColumn {
  readonly line: number
  readonly column: number
  readonly name: number
}

/** How far before a function's first parenthesis its name is looked for: `a=async function(`. */
const NAMES_BEFORE = 6

/** Finds places while mappings go by, so that these need not be kept. */
export class MapLookup<Asked extends Place> implements SegmentListener {
  /** Where the segments come from that go by now. */
  section = 0
  readonly #found = new Map<Asked, Traced>()
  readonly #columns: readonly Asked[]
  readonly #lines: readonly Asked[]
  #nextColumn = 0
  #nextLine = 0
  #line = -1
  #last: Omit<Traced, 'names'> | undefined
  #names: NamedColumn[] = []

  constructor(places: readonly Asked[]) {
    const byLine = places.toSorted((a, b) => a.line - b.line || (a.column ?? 0) - (b.column ?? 0))
    this.#columns = byLine.filter(({ column }) => column !== undefined)
    this.#lines = byLine.filter(({ column }) => column === undefined)
  }

  /** Once all segments have gone by. */
  finish(): ReadonlyMap<Asked, Traced> {
    this.#passTo(Number.POSITIVE_INFINITY, 0)
    return this.#found
  }

  segment(
    line: number,
    column: number,
    source: number,
    sourceLine: number,
    sourceColumn: number,
    name: number,
  ): boolean {
    this.#passTo(line, column)
    if (line !== this.#line) {
      this.#line = line
      this.#names = []
    }
    const { section } = this
    this.#last =
      source < 0 ? undefined : { section, source, line: sourceLine, column: sourceColumn }
    if (name >= 0) {
      this.#names.push({ line, column, name })
      if (this.#names.length > NAMES_BEFORE) this.#names.shift()
    }
    this.#seeLine(line)
    return !this.isDone
  }

  /** Nothing is left to be found. */
  get isDone(): boolean {
    return this.#nextColumn >= this.#columns.length && this.#nextLine >= this.#lines.length
  }

  /** Of places before this one, the last segment is the one they are in, if it is on their line. */
  #passTo(line: number, column: number): void {
    for (; ; this.#nextColumn++) {
      const place = this.#columns[this.#nextColumn]
      if (place === undefined || place.line > line) return
      if (place.line === line && (place.column ?? 0) >= column) return
      if (place.line === this.#line && this.#last !== undefined) {
        this.#found.set(place, { ...this.#last, names: [...this.#names] })
      }
    }
  }

  #seeLine(line: number): void {
    for (; ; this.#nextLine++) {
      const place = this.#lines[this.#nextLine]
      if (place === undefined || place.line > line) return
      if (place.line < line) continue
      if (this.#last === undefined) return
      this.#found.set(place, { ...this.#last, names: [] })
    }
  }
}
