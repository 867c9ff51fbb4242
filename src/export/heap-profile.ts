import type { AllocationSite, LabelPairs } from '../sample.js'
import { Interned } from './interned.js'
import { withoutOwnFrames } from './own-frames.js'
import type { Profile } from './profile.js'
import { ALLOC, HEAP } from './profile-type.js'
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
  const samples = new Interned<{ stack: number; labelSet: 0; values: [number, number] }>(
    ({ stack }) => String(stack),
  )
  for (const { frames, objects, bytes } of sites) {
    const shown = withoutOwnFrames(frames).slice(-stackDepth)
    // V8 does not tell the line of an allocation, so it is where the function starts.
    const stack = shown.reduce((parent, frame) => table.push(frame, frame.line, parent), NO_PARENT)
    const index = samples.indexOf({ stack, labelSet: 0, values: [0, 0] })
    const values = samples.items[index]?.values ?? [0, 0]
    values[0] += objects
    values[1] += bytes
  }
  return {
    ...rest,
    type: TYPES[type],
    period: samplingIntervalBytes,
    locations: table.locations,
    stacks: table.stacks,
    labelSets: [[]],
    samples: samples.items,
  }
}
