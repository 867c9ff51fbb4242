import { posix, win32 } from 'node:path'
import { filePath, isWindowsPath } from '../export/file-path.js'

const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]+:/

/**
 * Where a source of a map is: a path where it is a file, so that tools find it, and `./src/cart.ts`
 * where a bundler says no more than that. It is only shown, never opened.
 *
 * @param mapFile the path of the map, or of the file that it is in.
 */
export function sourcePath(mapFile: string, sourceRoot: string, source: string): string {
  const rooted =
    isWhole(source) || sourceRoot === '' ? source : `${sourceRoot.replace(/\/$/, '')}/${source}`
  if (rooted.startsWith('file:')) return filePath(rooted)
  if (/^(?:webpack|turbopack|rspack):/.test(rooted)) return bundledPath(rooted)
  if (SCHEME.test(rooted) && !isWindowsPath(rooted)) return rooted
  const { resolve, dirname } = isWindowsPath(mapFile) ? win32 : posix
  return resolve(dirname(mapFile), decoded(rooted))
}

function isWhole(source: string): boolean {
  return source.startsWith('/') || isWindowsPath(source) || SCHEME.test(source)
}

/**
 * `webpack://shop/./src/cart.ts?1a2b` and `turbopack:///[project]/src/cart.ts` are both
 * `./src/cart.ts`: the bundle's name and the build's hash say nothing of the source.
 */
function bundledPath(url: string): string {
  const path = url.replace(/^\w+:\/\//, '').replace(/\?[^/]*$/, '')
  const fromRoot = path.indexOf('/./')
  const below = fromRoot >= 0 ? path.slice(fromRoot + 3) : path.slice(path.indexOf('/') + 1)
  return `./${posix.normalize(below.replace(/^\[project\]\//, ''))}`
}

/** Tools write paths, and some of them write URLs. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
