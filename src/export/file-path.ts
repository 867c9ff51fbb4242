import { fileURLToPath } from 'node:url'

/** Whether a path is one of Windows, on whichever system it is looked at. */
export function isWindowsPath(path: string): boolean {
  return /^(?:[A-Za-z]:[\\/]|\\\\)/.test(path)
}

/**
 * Where a function's source is: the path of a `file:` URL, so that `go tool pprof -list` finds it, and
 * anything else as it is. A path of Windows stays one on any system. A `data:` module is its own text,
 * of which the type is enough.
 */
export function filePath(url: string): string {
  if (url.startsWith('data:')) return url.replace(/[;,].*$/s, '')
  if (!url.startsWith('file:')) return url
  try {
    return fileURLToPath(url, { windows: /^file:\/\/\/[A-Za-z]:/.test(url) })
  } catch {
    return url // A file of another host, or with an encoded slash: there is no path for it.
  }
}
