import type { Frame, LabelPairs } from '../sample.js'
import { frameKey } from './frame-key.js'
import type { FoldedSample, Profile } from './profile.js'

/** A profile's tables in an order that depends on their content alone. */
export interface CanonicalOrder {
  readonly frames: readonly Frame[]
  /** `frame` is an index into `frames`. */
  readonly locations: readonly { readonly frame: number; readonly line: number }[]
  readonly labelSets: readonly LabelPairs[]
  /** `labelSet` is an index into this order's `labelSets`. */
  readonly samples: readonly FoldedSample[]
  /** pprof's ids, from 1, of a stack's locations, the innermost first. */
  locationIdsOf(stack: number): number[]
}

/** Sorts frames by name and place, locations by frame and line, samples by stack and labels. */
export function canonicalOrder(profile: Profile): CanonicalOrder {
  const frameKeys = profile.locations.map(({ frame }) => frameKey(frame))
  const framesByKey = new Map(profile.locations.map(({ frame }, i) => [frameKeys[i] ?? '', frame]))
  const sortedKeys = [...framesByKey.keys()].sort()
  const frameRank = new Map(sortedKeys.map((key, rank) => [key, rank]))

  const located = profile.locations.map(({ line }, index) => ({
    index,
    frame: frameRank.get(frameKeys[index] ?? '') ?? 0,
    line,
  }))
  located.sort((a, b) => a.frame - b.frame || a.line - b.line)
  const locationRank = new Array<number>(located.length)
  located.forEach(({ index }, rank) => {
    locationRank[index] = rank
  })

  const stackRank = ranksInDepthFirstOrder(profile, locationRank)
  const labelSets = profile.labelSets
    .map((pairs, index) => ({ pairs, index, key: JSON.stringify(pairs) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
  const labelRank = new Array<number>(labelSets.length)
  labelSets.forEach(({ index }, rank) => {
    labelRank[index] = rank
  })
  const samples = profile.samples
    .map((sample) => ({ ...sample, labelSet: labelRank[sample.labelSet] ?? 0 }))
    .sort(
      (a, b) => (stackRank[a.stack] ?? 0) - (stackRank[b.stack] ?? 0) || a.labelSet - b.labelSet,
    )
  return {
    frames: sortedKeys.map((key) => framesByKey.get(key) as Frame),
    locations: located.map(({ frame, line }) => ({ frame, line })),
    labelSets: labelSets.map(({ pairs }) => pairs),
    samples,
    locationIdsOf(stack) {
      const ids: number[] = []
      for (let at = profile.stacks[stack]; at; at = profile.stacks[at.parent]) {
        ids.push((locationRank[at.location] ?? 0) + 1)
      }
      return ids
    },
  }
}

function ranksInDepthFirstOrder({ stacks }: Profile, locationRank: readonly number[]): number[] {
  const children = new Map<number, number[]>()
  stacks.forEach(({ parent }, index) => {
    const siblings = children.get(parent)
    if (siblings) siblings.push(index)
    else children.set(parent, [index])
  })
  const rankOf = (stack: number) => locationRank[stacks[stack]?.location ?? 0] ?? 0
  const ranks = new Array<number>(stacks.length).fill(0)
  const pending = [-1]
  for (let rank = 0; pending.length > 0; ) {
    const stack = pending.pop() as number
    if (stack >= 0) ranks[stack] = rank++
    // Pushed in reverse, as the last one pushed is visited first.
    pending.push(...(children.get(stack) ?? []).toSorted((a, b) => rankOf(b) - rankOf(a)))
  }
  return ranks
}
