import type { Location } from './profile.js'

/** A location that may have been moved to the source of compiled code. */
export interface ShownLocation extends Location {
  /** The compiled file: where a publisher had the sources of a package tells nothing. */
  readonly compiledUrl?: string
}

/**
 * Locations that are shown without their files: all of them, or those in packages. As with the SDK
 * that spanprof replaces, names of functions are what they would be with files.
 */
export function stripFilenames(
  locations: readonly ShownLocation[],
  whose: 'all' | 'dependencies',
): Location[] {
  return locations.map((location) => {
    const { frame, compiledUrl = '' } = location
    if (whose === 'dependencies' && !isDependency(frame.url) && !isDependency(compiledUrl)) {
      return location
    }
    return { ...location, frame: { ...frame, fileStripped: true } }
  })
}

function isDependency(url: string): boolean {
  return /(?:^|[\\/])node_modules[\\/]/.test(url)
}
