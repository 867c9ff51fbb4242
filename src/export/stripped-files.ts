import type { Location } from './profile.js'

/** Locations without the names of their files: of all, or of those in packages. */
export function stripFilenames(
  locations: readonly Location[],
  whose: 'all' | 'dependencies',
): Location[] {
  return locations.map((location) => {
    const { frame } = location
    if (whose === 'dependencies' && !isDependency(frame.url)) return location
    return { ...location, frame: { ...frame, url: '' } }
  })
}

function isDependency(url: string): boolean {
  return /(?:^|[\\/])node_modules[\\/]/.test(url)
}
