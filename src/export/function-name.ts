import { basename, isAbsolute, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Frame } from '../sample.js'

/**
 * A function's name in files: V8's own, so that it can be searched for; an anonymous one by its
 * place, as tools group by name.
 */
export function functionName(frame: Frame): string {
  if (frame.functionName !== '') return frame.functionName
  if (frame.url === '') return '(anonymous)'
  // The top level of a module has no line of its own.
  return `(anonymous ${basename(fileName(frame))}:${frame.line || 1})`
}

/**
 * A function's name with its place, `./src/cart.js:total:42`: for a flame graph that groups by name
 * alone, as a Pyroscope's does.
 *
 * @param cwd paths are shown relative to it.
 */
export function placedFunctionName(frame: Frame, cwd: string): string {
  const name = frame.functionName || '(anonymous)'
  if (frame.url === '') return name
  return `${shownPath(fileName(frame), cwd)}:${name}:${frame.line || 1}`
}

function shownPath(path: string, cwd: string): string {
  if (!isAbsolute(path)) return path
  const shown = relative(cwd, path).replaceAll(sep, '/')
  return shown.startsWith('..') ? shown : `./${shown}`
}

/** Where a function's source is: a path where it is a file, so that `go tool pprof -list` finds it. */
export function fileName({ url }: Frame): string {
  if (!url.startsWith('file:')) return url
  try {
    return fileURLToPath(url)
  } catch {
    return url // A file of another host, or with an encoded slash: there is no path for it.
  }
}
