import type { OptionChecks } from './option-checks.js'
import { boolean, oneOf } from './value-checks.js'

/** How places in the source are shown. */
export interface SourceOptions {
  /**
   * Show functions, files and lines of the sources that code was compiled from, where it brings a
   * source map: inline or beside the file, or in Node's keeping where a loader compiled it.
   *
   * @default true
   */
  sourceMaps?: boolean
  /**
   * Leave the file names of functions out of profiles, which makes them smaller: all of them, or those
   * of packages in `node_modules`. Names of functions stay as they are, with the place that they tell.
   *
   * @default file names are kept
   */
  stripFilenames?: 'all' | 'dependencies'
  /**
   * In function names sent to a Pyroscope, show a dependency's path within its package:
   * `express/lib/router.js` rather than `./node_modules/express/lib/router.js`.
   *
   * @default false
   */
  shortenPaths?: boolean
}

/** Options with their defaults. */
export interface ResolvedSourceOptions {
  readonly sourceMaps: boolean
  readonly stripFilenames: 'all' | 'dependencies' | undefined
  readonly shortenPaths: boolean
}

export const SOURCE_CHECKS: OptionChecks<SourceOptions> = {
  sourceMaps: boolean,
  stripFilenames: oneOf('all', 'dependencies'),
  shortenPaths: boolean,
}

/** @param given checked options. */
export function resolveSourceOptions(given: SourceOptions): ResolvedSourceOptions {
  return {
    sourceMaps: given.sourceMaps ?? true,
    stripFilenames: given.stripFilenames,
    shortenPaths: given.shortenPaths ?? false,
  }
}
