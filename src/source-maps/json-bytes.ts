/**
 * JSON taken apart as bytes. A parsed source map is many times its size in V8's heap, most of it
 * text that nobody asks for (`sourcesContent`); bytes stay outside of that heap.
 */

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d

/**
 * The values of an object's keys, each as its own bytes. Of a key given twice the last one counts.
 *
 * @throws {SyntaxError} where it is no object.
 */
export function jsonFields(bytes: Buffer, keys: ReadonlySet<string>): Map<string, Buffer> {
  const fields = new Map<string, Buffer>()
  for (let at = enter(bytes, OPEN_BRACE, CLOSE_BRACE); at >= 0; ) {
    const afterKey = skipValue(bytes, at)
    const key = shortText(bytes.subarray(at, afterKey))
    const value = skipSpace(bytes, expect(bytes, skipSpace(bytes, afterKey), COLON))
    const afterValue = skipValue(bytes, value)
    if (keys.has(key)) fields.set(key, bytes.subarray(value, afterValue))
    at = next(bytes, afterValue, CLOSE_BRACE)
  }
  return fields
}

/**
 * An array's items, one at a time, as there may be millions.
 *
 * @throws {SyntaxError} where it is no array.
 */
export function* jsonItems(bytes: Buffer): Generator<Buffer, void> {
  for (let at = enter(bytes, OPEN_BRACKET, CLOSE_BRACKET); at >= 0; ) {
    const end = skipValue(bytes, at)
    yield bytes.subarray(at, end)
    at = next(bytes, end, CLOSE_BRACKET)
  }
}

/** The characters of a string without escapes, as bytes. @throws {SyntaxError} for anything else. */
export function plainStringBytes(value: Buffer): Buffer {
  if (value[0] !== QUOTE || value.includes(BACKSLASH)) throw new SyntaxError('not a plain string')
  return value.subarray(1, -1)
}

/** A key that is too long to be one of ours is none. */
function shortText(value: Buffer): string {
  return value[0] === QUOTE && value.length < 64
    ? value.toString('latin1', 1, value.length - 1)
    : ''
}

/** @returns where the first element is, or -1 where there is none. */
function enter(bytes: Buffer, open: number, close: number): number {
  const first = skipSpace(bytes, expect(bytes, skipSpace(bytes, 0), open))
  return bytes[first] === close ? -1 : first
}

/** @returns where the element behind this one is, or -1 where it was the last. */
function next(bytes: Buffer, end: number, close: number): number {
  const at = skipSpace(bytes, end)
  if (bytes[at] === close) return -1
  return skipSpace(bytes, expect(bytes, at, COMMA))
}

function expect(bytes: Buffer, at: number, byte: number): number {
  if (bytes[at] !== byte) throw new SyntaxError(`no JSON at byte ${at}`)
  return at + 1
}

function skipSpace(bytes: Buffer, start: number): number {
  let at = start
  while (isSpace(bytes[at])) at++
  return at
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function skipValue(bytes: Buffer, start: number): number {
  switch (bytes[start]) {
    case QUOTE:
      return skipString(bytes, start)
    case OPEN_BRACE:
    case OPEN_BRACKET:
      return skipNested(bytes, start)
    default:
      return skipLiteral(bytes, start)
  }
}

/** To the next quote that an even number of backslashes stands before. */
function skipString(bytes: Buffer, start: number): number {
  for (let at = start; ; ) {
    at = bytes.indexOf(QUOTE, at + 1)
    if (at < 0) throw new SyntaxError(`the string at byte ${start} has no end`)
    let backslashes = 0
    while (bytes[at - 1 - backslashes] === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return at + 1
  }
}

/** Counts brackets rather than recurse, so that no nesting is too deep. */
function skipNested(bytes: Buffer, start: number): number {
  let depth = 0
  for (let at = start; at < bytes.length; ) {
    const byte = bytes[at]
    if (byte === QUOTE) {
      at = skipString(bytes, at)
      continue
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++
    else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) return at + 1
    at++
  }
  throw new SyntaxError(`what opens at byte ${start} does not close`)
}

function skipLiteral(bytes: Buffer, start: number): number {
  const literal = /^(?:true|false|null|-?[\d.]+(?:[eE][+-]?\d+)?)/.exec(
    bytes.toString('latin1', start, start + 32),
  )
  if (literal === null) throw new SyntaxError(`no JSON at byte ${start}`)
  return start + literal[0].length
}
