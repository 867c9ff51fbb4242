import { functionName, placedFunctionName } from '../export/function-name.js'
import { moveLocations } from '../export/moved-locations.js'
import { encodePprof } from '../export/pprof.js'
import type { Location, Profile } from '../export/profile.js'
import { stripFilenames } from '../export/stripped-files.js'
import { truncatedSamples } from '../export/truncated-stacks.js'
import type { ResolvedSourceOptions } from '../options/source-options.js'
import type { SourceMaps } from '../source-maps/source-maps.js'
import type { Counters } from './counters.js'

/** How functions are named: as files have it, or with their place, as a Pyroscope needs it. */
export type FunctionNames = 'plain' | 'placed'

/** The last step before sinks and answers, for profiles of every type. */
export class Finish {
  readonly #maps: SourceMaps
  readonly #counters: Counters

  constructor(maps: SourceMaps, counters: Counters) {
    this.#maps = maps
    this.#counters = counters
  }

  /** @returns the profile with its places as they are to be shown. */
  async places(profile: Profile, sources: ResolvedSourceOptions): Promise<Profile> {
    this.#counters.add('truncatedSamples', truncatedSamples(profile))
    let locations: readonly Location[] = profile.locations
    if (sources.sourceMaps) locations = await this.#maps.locationsOf(locations)
    if (sources.stripFilenames !== undefined) {
      locations = stripFilenames(locations, sources.stripFilenames)
    }
    return moveLocations(profile, locations)
  }

  /** @returns the bytes of a `.pb.gz` file. */
  async encode(
    profile: Profile,
    sources: ResolvedSourceOptions,
    names: FunctionNames,
  ): Promise<Uint8Array> {
    const finished = await this.places(profile, sources)
    if (names === 'plain') return encodePprof(finished, functionName)
    const options = { cwd: process.cwd(), shortenPaths: sources.shortenPaths }
    return encodePprof(finished, (frame) => placedFunctionName(frame, options))
  }
}
