import { moveLocations } from '../export/moved-locations.js'
import type { Location, Profile } from '../export/profile.js'
import { stripFilenames } from '../export/stripped-files.js'
import type { SourceMaps } from '../source-maps/source-maps.js'
import type { ResolvedSourceOptions } from '../source-options.js'

/** A profile with its places as they are to be shown: the last step before sinks, of every type. */
export async function finishedProfile(
  profile: Profile,
  { sourceMaps, stripFilenames: stripped }: ResolvedSourceOptions,
  maps: SourceMaps,
): Promise<Profile> {
  let locations: readonly Location[] = profile.locations
  if (sourceMaps) locations = await maps.locationsOf(locations)
  if (stripped !== undefined) locations = stripFilenames(locations, stripped)
  return moveLocations(profile, locations)
}
