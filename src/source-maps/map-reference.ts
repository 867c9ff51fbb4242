import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const COMMENT = 'sourceMappingURL='
/** The longest name of a map that is read; a map in the comment itself is of any length. */
const MAX_URL_BYTES = 4096

/**
 * What the last `//# sourceMappingURL=` of a file says; as V8 has it, only other comments follow it.
 *
 * @param bytes the file, or its end.
 */
export function mapReference(bytes: Buffer): Buffer | undefined {
  const at = bytes.lastIndexOf(COMMENT)
  if (at < 4 || !/^\/\/[#@][ \t]$/.test(bytes.toString('latin1', at - 4, at))) return undefined
  const start = at + COMMENT.length
  const end = endOfWord(bytes, start)
  const url = bytes.subarray(start, end)
  const isInCode = url.length === 0 || /['"`]/.test(url.toString('latin1', 0, MAX_URL_BYTES))
  return isInCode || !onlyComments(bytes.subarray(end)) ? undefined : url
}

/** Whether the end of a file may be the inside of such a comment, which began before it. */
export function mayBeInsideReference(end: Buffer): boolean {
  return /^[/#@ ]{0,4}[\w+/=%.!~*'():;,-]+(?:\n\s*\/\/[^\n]*)*\s*$/.test(end.toString('latin1'))
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

function endOfWord(bytes: Buffer, start: number): number {
  let at = start
  while (at < bytes.length && (bytes[at] as number) > 0x20) at++
  return at
}

function onlyComments(rest: Buffer): boolean {
  if (rest.length > MAX_URL_BYTES) return false
  return String(rest)
    .split('\n')
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
