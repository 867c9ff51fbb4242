import { textStart } from './byte-order-mark.js'

const NEWLINE = 0x0a
/** Longer ones are no minifier's. */
const MAX_WORD_BYTES = 64

/** A place in a text, from 0; columns are UTF-16 code units, as everywhere in JavaScript. */
export interface Column {
  readonly line: number
  readonly column: number
}

/**
 * The identifiers, or opening parentheses, that begin at columns of a text in UTF-8, which is never
 * decoded as a whole.
 */
export function wordsAt<At extends Column>(text: Buffer, columns: readonly At[]): Map<At, string> {
  const words = new Map<At, string>()
  let [at, line, column] = [textStart(text), 0, 0]
  for (const wanted of columns.toSorted((a, b) => a.line - b.line || a.column - b.column)) {
    for (; line < wanted.line; line++) {
      at = text.indexOf(NEWLINE, at) + 1
      column = 0
      if (at === 0) return words
    }
    for (; column < wanted.column && at < text.length; at++) column += unitsOf(text[at] as number)
    const word = /^(?:#?[\p{ID_Continue}$]+|\()/u.exec(
      text.toString('utf8', at, at + MAX_WORD_BYTES),
    )
    if (word !== null) words.set(wanted, word[0])
  }
  return words
}

/** The first byte of a character stands for all of it; one of four bytes is two code units. */
function unitsOf(byte: number): number {
  if ((byte & 0xc0) === 0x80) return 0
  return byte >= 0xf0 ? 2 : 1
}
