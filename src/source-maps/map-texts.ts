import { setImmediate } from 'node:timers/promises'
import { jsonItems } from './json-bytes.js'
import type { Section } from './map-sections.js'

/** An item of a section's array of texts. */
export interface IndexedText {
  readonly section: number
  readonly index: number
}

const MAX_TEXT_BYTES = 4096
/** After so many items, at most 10 ms of work, others get their turn. */
const TURN_ITEMS = 32_768
const NO_ITEMS = Buffer.from('[]')

/** Only the texts that are asked for are taken out of a section's array, in one go. */
export async function textsOf(
  sections: readonly Section[],
  field: 'sources' | 'names',
  wanted: readonly IndexedText[],
): Promise<(text: IndexedText) => string | undefined> {
  const texts = new Map<number, Map<number, string | undefined>>()
  for (const { section, index } of wanted) {
    const known = texts.get(section) ?? new Map()
    texts.set(section, known.set(index, undefined))
  }
  for (const [section, found] of texts) {
    await readInto(found, sections[section]?.fields.get(field) ?? NO_ITEMS)
  }
  return ({ section, index }) => texts.get(section)?.get(index)
}

async function readInto(found: Map<number, string | undefined>, items: Buffer): Promise<void> {
  let [index, left] = [0, found.size]
  for (const item of jsonItems(items)) {
    if (left === 0) return
    if (found.has(index)) {
      found.set(index, textOf(item))
      left--
    }
    index++
    if (index % TURN_ITEMS === 0) await setImmediate()
  }
}

/** A string, and none that is too long to be a name or a path. */
export function textOf(item: Buffer): string | undefined {
  if (item.length > MAX_TEXT_BYTES || item[0] !== 0x22) return undefined
  return JSON.parse(String(item))
}
