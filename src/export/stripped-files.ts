import type { Location } from './profile.js'

/**
 * Locations that are shown without their files: all of them, or those in packages. As with the SDK
 * that spanprof replaces, names of functions are what they would be with files.
 */
export function stripFilenames(
  locations: readonly Location[],
  whose: 'all' | 'dependencies',
): Location[] {
  return locations.map((location) => {
    const { frame } = location
    if (whose === 'dependencies' && !isDependency(frame.url)) return location
    return { ...location, frame: { ...frame, fileStripped: true } }
  })
}

function isDependency(url: string): boolean {
  return /(?:^|[\\/])node_modules[\\/]/.test(url)
}
