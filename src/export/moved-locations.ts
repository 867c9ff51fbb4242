import type { Location, Profile } from './profile.js'
import { SampleTable } from './sample-table.js'
import { NO_PARENT, StackTable } from './stack-table.js'

/**
 * A profile whose places are shown as others, all of its values kept: what has become the same stack
 * is one.
 *
 * @param moved one for each of the profile's locations.
 */
export function moveLocations(profile: Profile, moved: readonly Location[]): Profile {
  if (moved.every((location, index) => location === profile.locations[index])) return profile
  const stacks = new StackTable()
  const movedStack: number[] = []
  for (const { location, parent } of profile.stacks) {
    const { frame, line } = moved[location] as Location
    const caller = parent === NO_PARENT ? NO_PARENT : (movedStack[parent] as number)
    movedStack.push(stacks.push(frame, line, caller))
  }
  const samples = new SampleTable()
  for (const { stack, labelSet, values } of profile.samples) {
    samples.add({ stack: movedStack[stack] as number, labelSet, values })
  }
  return {
    ...profile,
    locations: stacks.locations,
    stacks: stacks.stacks,
    samples: samples.samples,
  }
}
