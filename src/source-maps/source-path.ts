import { posix, win32 } from 'node:path'
import { filePath, isWindowsPath } from '../export/file-path.js'

const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]+:/
/** The innermost package that a file is in. `node_modules/.cache` and its like are none. */
const PACKAGE = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^.@\\/][^\\/]*(?=[\\/])/s

/**
 * Where a source of a map is: a path where it is a file, so that tools find it, and `./src/cart.ts`
 * where a bundler says no more than that, below its package where that is a dependency. It is only
 * shown, never opened.
 *
 * @param mapFile the path of the map, or of the file that it is in.
 */
export function sourcePath(mapFile: string, sourceRoot: string, source: string): string {
  const rooted =
    isWhole(source) || sourceRoot === '' ? source : `${sourceRoot.replace(/\/$/, '')}/${source}`
  // A bundler's own module, which is in no file: `\0rolldown/runtime.js`.
  if (rooted.includes('\0')) return rooted.slice(rooted.lastIndexOf('\0') + 1)
  if (rooted.startsWith('file:')) return filePath(rooted)
  if (/^(?:webpack|turbopack|rspack):/.test(rooted)) return inPackage(mapFile, bundledPath(rooted))
  if (isWindowsPath(rooted)) return win32.resolve(decoded(rooted))
  if (SCHEME.test(rooted)) return rooted
  const { resolve, dirname } = isWindowsPath(mapFile) ? win32 : posix
  return resolve(dirname(mapFile), decoded(rooted))
}

function isWhole(source: string): boolean {
  return source.startsWith('/') || isWindowsPath(source) || SCHEME.test(source)
}

/**
 * `webpack://shop/./src/cart.ts?1a2b` and `turbopack:///[project]/src/cart.ts` are both
 * `./src/cart.ts`: the bundle's name, which may have a scope (`@acme/shop`), and the build's hash say
 * nothing of the source.
 */
function bundledPath(url: string): string {
  const path = url.replace(/^\w+:\/\//, '').replace(/\?[^/]*$/, '')
  const relative = /\/(\.\.?\/.*)$/s.exec(path)?.[1]
  const below = relative ?? path.replace(/^(?:@[^/]+\/)?[^/]*\//, '').replace(/^\[project\]\//, '')
  const normal = posix.normalize(below)
  return /^(?:\.\.)?\//.test(normal) ? normal : `./${normal}`
}

/**
 * A dependency's `./src/index.ts` is not the app's. What its publisher had beside the package
 * (`../shared/src`) came with it, and is in no other package here.
 */
function inPackage(mapFile: string, path: string): string {
  const root = PACKAGE.exec(mapFile)?.[0]
  if (root === undefined || path.startsWith('/')) return path
  return (isWindowsPath(mapFile) ? win32 : posix).join(root, path.replace(/^(?:\.\.\/)+/, ''))
}

/** Tools write paths, and some of them write URLs. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
