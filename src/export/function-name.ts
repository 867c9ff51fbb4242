import { basename } from 'node:path'
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

/** Where a function's source is: a path where it is a file, so that `go tool pprof -list` finds it. */
export function fileName({ url }: Frame): string {
  if (!url.startsWith('file:')) return url
  try {
    return fileURLToPath(url)
  } catch {
    return url // A file of another host, or with an encoded slash: there is no path for it.
  }
}
