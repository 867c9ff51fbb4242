import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const COMMENT = 'sourceMappingURL='
/** The longest name of a map that is read; a map in the comment itself is of any length. */
const MAX_URL_BYTES = 4096

/**
 * What the last `//# sourceMappingURL=` of a file says that only other comments follow. V8 takes the
 * last one wherever it stands; but one before code may be in a text, or of a file that a bundler took
 * in, which is less than the bundle whose map lies beside it.
 *
 * @param bytes the file, or its end.
 */
export function mapReference(bytes: Buffer): Buffer | undefined {
  for (let at = bytes.lastIndexOf(COMMENT); at >= 4; at = bytes.lastIndexOf(COMMENT, at - 1)) {
    const start = skipBlanks(bytes, at + COMMENT.length)
    const end = endOfWord(bytes, start)
    if (!onlyComments(bytes.subarray(end))) return undefined
    const url = bytes.subarray(start, end)
    if (/^\/\/[#@][ \t]$/.test(bytes.toString('latin1', at - 4, at)) && isUrl(url)) return url
  }
  return undefined
}

/** Whether the end of a file may be the inside of such a comment, which began before it. */
export function mayBeInsideReference(end: Buffer): boolean {
  return /^[/#@ ]{0,4}[\w+/=%.!~*'():;,-]+(?:[\r\n]\s*\/\/[^\r\n]*)*\s*$/.test(
    end.toString('latin1'),
  )
}

/** A map in the comment. `undefined` where the comment names a file. */
export function inlineMap(url: Buffer): Buffer | undefined {
  const header = /^data:[^,]*,/i.exec(url.toString('latin1', 0, MAX_URL_BYTES))?.[0]
  if (header === undefined) return undefined
  const data = url.subarray(header.length)
  return /;base64,$/i.test(header)
    ? fromBase64(data)
    : Buffer.from(decodeURIComponent(String(data)))
}

/**
 * The file that the comment names.
 *
 * @throws {URIError} for what is no file of this machine.
 */
export function mapFileOf(url: Buffer, file: string): string {
  const name = url.length > MAX_URL_BYTES ? '' : String(url)
  if (/^file:\/\/\/[^/]/i.test(name)) return fileURLToPath(name)
  // Of Windows' own ways to name another host, `\\host` is a path as well.
  if (name === '' || /^(?:[\\/]{2}|[A-Za-z][\w+.-]+:)/.test(name)) {
    throw new URIError('not a file of this machine')
  }
  return resolve(dirname(file), decodeURIComponent(name.replace(/[?#].*$/, '')))
}

/** Quotes are around code that writes the comment; a map in it may have an apostrophe. */
function isUrl(url: Buffer): boolean {
  const start = url.toString('latin1', 0, MAX_URL_BYTES)
  return url.length > 0 && !(/^data:/i.test(start) ? /["`]|'$/ : /["'`]/).test(start)
}

function skipBlanks(bytes: Buffer, start: number): number {
  let at = start
  while (bytes[at] === 0x20 || bytes[at] === 0x09) at++
  return at
}

function endOfWord(bytes: Buffer, start: number): number {
  let at = start
  while (at < bytes.length && (bytes[at] as number) > 0x20) at++
  return at
}

function onlyComments(rest: Buffer): boolean {
  if (rest.length > MAX_URL_BYTES) return false
  return String(rest)
    .split(/[\r\n\u2028\u2029]/)
    .every((line) => /^\s*(?:\/\/.*)?$/.test(line))
}

/** In pieces, so that V8's heap never holds all of the text. */
function fromBase64(data: Buffer): Buffer {
  const pieceLength = 1 << 20 // A multiple of four: it ends between two bytes.
  const pieces: Buffer[] = []
  for (let at = 0; at < data.length; at += pieceLength) {
    pieces.push(Buffer.from(data.toString('latin1', at, at + pieceLength), 'base64'))
  }
  return Buffer.concat(pieces)
}
