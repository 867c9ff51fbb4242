import type { Frame } from '../sample.js'
import { frameKey } from './frame-key.js'
import type { Location, Profile } from './profile.js'
import { NO_PARENT } from './stack-table.js'

/** Stands at the root of a stack for the callers that V8 has left out. */
export const TRUNCATED_FRAME: Frame = { functionName: '(truncated)', url: '', line: 0, column: 0 }

/**
 * Shorter stacks are whole. V8 keeps the innermost 255 frames, but shows no native ones between others:
 * of a recursion through a replacer of `String.replace` it shows 128.
 */
const MIN_TRUNCATED_DEPTH = 64
/** One frame that V8 keeps may be shown as many, if functions have been inlined. */
const MAX_INLINED_DEPTH = 32

/**
 * A profile in which each stack that V8 has cut begins with {@link TRUNCATED_FRAME}. All values are
 * kept.
 *
 * V8 does not mark the stacks that it cuts. Their length does not show it either, because V8 leaves out
 * native frames and adds inlined ones. The function at the root shows it: a stack is cut if it is a
 * function that never begins a whole stack, and that has a caller in other stacks or in this one.
 */
export function markTruncatedStacks(profile: Profile): Profile {
  const { locations, stacks, samples } = profile
  const truncated = truncatedRoots(profile)
  if (truncated.size === 0) return profile
  const mark = { location: locations.length, parent: NO_PARENT }
  const shifted = stacks.map(({ location, parent }) => {
    if (parent !== NO_PARENT) return { location, parent: parent + 1 }
    const { frame } = locations[location] as Location
    return { location, parent: truncated.has(frameKey(frame)) ? 0 : NO_PARENT }
  })
  return {
    ...profile,
    locations: [...locations, { frame: TRUNCATED_FRAME, line: 0 }],
    stacks: [mark, ...shifted],
    samples: samples.map((sample) => ({ ...sample, stack: sample.stack + 1 })),
  }
}

/** How many samples of a profile have a stack that V8 has cut. */
export function truncatedSamples({ stacks, locations, samples }: Profile): number {
  const isMark = locations.map(({ frame }) => frame.functionName === TRUNCATED_FRAME.functionName)
  if (!isMark.includes(true)) return 0
  const isTruncated: (boolean | undefined)[] = []
  for (const { location, parent } of stacks) {
    isTruncated.push(parent === NO_PARENT ? isMark[location] : isTruncated[parent])
  }
  return samples
    .filter(({ stack }) => isTruncated[stack])
    .reduce((sum, { values }) => sum + (values[0] as number), 0)
}

/** The keys of the functions that are at the root of cut stacks only. */
function truncatedRoots(profile: Profile): ReadonlySet<string> {
  const { sampled, called } = pathsOf(profile)
  const deep = new Set<string>()
  const beginning = new Set<string>()
  for (const path of sampled) {
    if (path.depth >= MIN_TRUNCATED_DEPTH) deep.add(path.root)
    if (isWhole(path)) beginning.add(path.root)
  }
  return new Set([...deep].filter((root) => called.has(root) && !beginning.has(root)))
}

/** From the root to a function. */
interface Path {
  /** The key of the outermost frame. */
  readonly root: string
  readonly depth: number
  /**
   * The depth of the shortest sampled stack on this path; 0 for none. A single frame is not one: V8 may
   * have failed to find its callers, as in one of 300 samples of a recursion on Node.js 24.
   */
  readonly shortestDepth: number
}

/** @returns the paths of the samples, and the keys of all frames that have a caller. */
function pathsOf({ stacks, locations, samples }: Profile) {
  const keys = locations.map(({ frame }) => frameKey(frame))
  const sampledStacks = new Set(samples.map(({ stack }) => stack))
  const paths: Path[] = []
  const called = new Set<string>()
  for (const [stack, { location, parent }] of stacks.entries()) {
    const key = keys[location] as string
    const caller = paths[parent]
    if (caller !== undefined) called.add(key)
    const depth = (caller?.depth ?? 0) + 1
    const ownDepth = sampledStacks.has(stack) && depth > 1 ? depth : 0
    paths.push({
      root: caller?.root ?? key,
      depth,
      shortestDepth: caller?.shortestDepth || ownDepth,
    })
  }
  return { sampled: paths.filter((_, stack) => sampledStacks.has(stack)), called }
}

/**
 * Whether V8 has certainly not cut all stacks on a path. It cuts all to one length, so of two on the
 * same path the shorter one is whole.
 */
function isWhole({ depth, shortestDepth }: Path): boolean {
  const isShort = depth > 1 && depth < MIN_TRUNCATED_DEPTH
  return isShort || depth - shortestDepth > MAX_INLINED_DEPTH
}
