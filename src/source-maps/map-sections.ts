import { textStart } from './byte-order-mark.js'
import { jsonFields, jsonItems } from './json-bytes.js'

/** A part of a source map, or all of it, with the place in the code where it begins. */
export interface Section {
  readonly line: number
  readonly column: number
  readonly fields: ReadonlyMap<string, Buffer>
}

const FIELDS = new Set(['version', 'mappings', 'sources', 'names', 'sourceRoot', 'sections'])
const SECTION_FIELDS = new Set(['offset', 'map'])
const NOTHING = Buffer.alloc(0)
/** More than the modules of any bundle; each costs memory. */
const MAX_SECTIONS = 50_000
const MAX_OFFSET_BYTES = 4096

/** @throws {SyntaxError} for what is no source map. */
export function sectionsOf(bytes: Buffer): Section[] {
  const whole = jsonFields(withoutGuard(bytes), FIELDS)
  if (String(whole.get('version')) !== '3') throw new SyntaxError('no source map of version 3')
  const sections = whole.get('sections')
  if (sections === undefined) return [{ line: 0, column: 0, fields: whole }]
  const read: Section[] = []
  for (const item of jsonItems(sections)) {
    const section = jsonFields(item, SECTION_FIELDS)
    const offset = JSON.parse(String(section.get('offset') ?? 'null').slice(0, MAX_OFFSET_BYTES))
    const { line, column } = offset ?? {}
    if (!isPlace(line) || !isPlace(column) || read.length === MAX_SECTIONS) {
      throw new SyntaxError('a section without its place')
    }
    read.push({ line, column, fields: jsonFields(section.get('map') ?? NOTHING, FIELDS) })
  }
  return read
}

/** Servers put `)]}'` before JSON, so that browsers do not run it; editors, a byte order mark. */
function withoutGuard(bytes: Buffer): Buffer {
  const start = textStart(bytes)
  const isGuarded = bytes.toString('latin1', start, start + 3) === ')]}'
  return bytes.subarray(isGuarded ? bytes.indexOf('\n') + 1 : start)
}

function isPlace(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0
}
