import { posix, win32 } from 'node:path'
import type { Frame } from '../sample.js'
import { filePath, isWindowsPath } from './file-path.js'

const PACKAGES = '/node_modules/'

/** How places are shown in names. */
export interface PlaceOptions {
  /** Paths are shown relative to it. */
  readonly cwd: string
  /** Of a file in `node_modules` its path within the innermost package, which comes first. */
  readonly shortenPaths: boolean
}

/**
 * A function's name in files: V8's own, so that it can be searched for; an anonymous one by its
 * place, as tools group by name.
 */
export function functionName(frame: Frame): string {
  if (frame.functionName !== '') return frame.functionName
  if (frame.url === '') return '(anonymous)'
  // The top level of a module has no line of its own.
  return `(anonymous ${baseName(filePath(frame.url))}:${frame.line || 1})`
}

/**
 * A function's name with its place, `./src/cart.js:total:42`: for a flame graph that groups by name
 * alone, as a Pyroscope's does. The form is that of `@pyroscope/nodejs`, so that a flame graph can be
 * compared with one from before.
 */
export function placedFunctionName(frame: Frame, options: PlaceOptions): string {
  const name = frame.functionName || anonymous(frame)
  if (frame.url === '') return name
  return `${shownPath(filePath(frame.url), options)}:${name}:${frame.line || 1}`
}

/** With its column, as minified code is one line. */
function anonymous({ line, column }: Frame): string {
  return line > 0 && column > 0 ? `(anonymous:L#${line}:C#${column})` : '(anonymous)'
}

function shownPath(path: string, { cwd, shortenPaths }: PlaceOptions): string {
  const { relative, isAbsolute, sep } = isWindowsPath(path) ? win32 : posix
  const slashed = path.replaceAll(sep, '/')
  const inPackage = slashed.lastIndexOf(PACKAGES)
  if (shortenPaths && inPackage >= 0) return slashed.slice(inPackage + PACKAGES.length)
  if (!isAbsolute(path)) return path
  const shown = relative(cwd, path)
  const isOutside = shown.startsWith('..') || isAbsolute(shown)
  return isOutside ? slashed : `./${shown.replaceAll(sep, '/')}`
}

function baseName(path: string): string {
  return isWindowsPath(path) ? win32.basename(path) : posix.basename(path)
}
