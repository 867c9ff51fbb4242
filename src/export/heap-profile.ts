import type { AllocationSite, LabelPairs } from '../sample.js'
import { withoutOwnFrames } from './own-frames.js'
import type { Profile } from './profile.js'
import { ALLOC, HEAP } from './profile-type.js'
import { SampleTable } from './sample-table.js'
import { NO_PARENT, StackTable } from './stack-table.js'

/** What a heap profile is made for. */
export interface HeapProfileOptions {
  readonly type: 'heap' | 'alloc'
  readonly appName: string
  readonly tags: LabelPairs
  readonly startTimeMillis: number
  readonly durationNanos: number
  readonly samplingIntervalBytes: number
  /** Of a stack so many frames are kept, the innermost ones. */
  readonly stackDepth: number
}

const TYPES = { heap: HEAP, alloc: ALLOC }

/** Folds what V8 tells of allocations by stack into a profile. */
export function toHeapProfile(
  sites: readonly AllocationSite[],
  { type, samplingIntervalBytes, stackDepth, ...rest }: HeapProfileOptions,
): Profile {
  const table = new StackTable()
  const samples = new SampleTable()
  for (const { frames, objects, bytes } of sites) {
    const shown = withoutOwnFrames(frames).slice(-stackDepth)
    // V8 does not tell the line of an allocation, so it is where the function starts.
    const stack = shown.reduce((parent, frame) => table.push(frame, frame.line, parent), NO_PARENT)
    samples.add({ stack, labelSet: 0, values: [objects, bytes] })
  }
  return {
    ...rest,
    type: TYPES[type],
    period: samplingIntervalBytes,
    locations: table.locations,
    stacks: table.stacks,
    labelSets: [[]],
    samples: samples.samples,
  }
}
