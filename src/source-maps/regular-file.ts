import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'

/** What is read at once, before others get their turn. */
const PIECE_BYTES = 1 << 20
/** The largest that is read. It is held outside of V8's heap, for 0.1 s or so. */
const MAX_FILE_BYTES = 32 << 20

/** A file as it is now. */
export interface FileState {
  /** Tells it from what it was or will be; empty where there is no file. */
  readonly stamp: string
  readonly bytes: number
}

export function fileState(path: string): FileState {
  try {
    const { size, mtimeMs, ino } = statSync(path)
    return { stamp: `${size} ${mtimeMs} ${ino}`, bytes: size }
  } catch {
    return { stamp: '', bytes: 0 }
  }
}

/**
 * A file's bytes, or its last ones. Read by this thread itself, piece by piece: the thread pool
 * belongs to the app.
 *
 * @throws for what is no regular file, or where it is more than {@link MAX_FILE_BYTES}.
 */
export async function readRegularFile(
  path: string,
  lastBytes = Number.POSITIVE_INFINITY,
): Promise<Buffer> {
  // Opening a pipe would wait for somebody to write into it, unless told not to.
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const stats = fstatSync(file)
    if (!stats.isFile()) throw new Error('not a regular file')
    const length = Math.min(lastBytes, stats.size)
    if (length > MAX_FILE_BYTES) throw new Error('too large')
    const bytes = Buffer.allocUnsafeSlow(length)
    const start = stats.size - length
    for (let at = 0; at < length; ) {
      const read = readSync(file, bytes, at, Math.min(PIECE_BYTES, length - at), start + at)
      if (read === 0) throw new Error('shorter than it was')
      at += read
      if (at < length) await setImmediate()
    }
    return bytes
  } finally {
    closeSync(file)
  }
}
