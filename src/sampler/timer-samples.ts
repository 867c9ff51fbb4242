import type { V8Profile } from './v8-profile.js'

/** One entry of V8's `samples`, with its absolute time. */
export interface TimerSample {
  readonly timeMicros: number
  readonly nodeId: number
}

interface Entry extends TimerSample {
  /** Time since the entry before it, of whichever node. */
  readonly gapMicros: number
}

/**
 * The samples of V8's timer, in order of time.
 *
 * V8 adds an entry to `samples` at every deoptimisation and one at a profile's start; on Node 24
 * and 26 these can be nine in ten. A node's `hitCount` counts timer samples only, so of a node's
 * entries that many are kept. Dropped are those that follow another entry most closely: a
 * deoptimisation comes in bursts, the timer at a distance. Every entry is a true observation of its
 * node at its time, so a wrong choice here cannot give a sample a wrong label.
 *
 * Hits without an entry stay out: most are of ticks before the profile began, which V8 handles late
 * and which the window before has. A tick whose stack could not be walked has no entry either (up to
 * one in twenty in code that converts numbers all the time); its count is lost, its CPU time is not.
 */
export function timerSamples(profile: V8Profile): TimerSample[] {
  const entries = entriesInOrder(profile)
  const entriesOfNode = new Map<number, Entry[]>()
  for (const entry of entries) {
    const known = entriesOfNode.get(entry.nodeId)
    if (known) known.push(entry)
    else entriesOfNode.set(entry.nodeId, [entry])
  }
  const kept = new Set<Entry>()
  for (const node of profile.nodes) {
    const ofNode = entriesOfNode.get(node.id)
    if (ofNode === undefined) continue
    for (const entry of mostDistant(ofNode, node.hitCount ?? 0)) kept.add(entry)
  }
  return entries.filter((entry) => kept.has(entry))
}

/** Deltas can be negative, so the order is that of the absolute times. */
function entriesInOrder({ startTime, samples = [], timeDeltas = [] }: V8Profile): Entry[] {
  let timeMicros = startTime
  const timed = samples.map((nodeId, index) => {
    timeMicros += timeDeltas[index] ?? 0
    return { timeMicros, nodeId }
  })
  timed.sort((a, b) => a.timeMicros - b.timeMicros)
  // The entry that V8 adds when a profile starts has no gap, and so is the first to be dropped.
  let before = startTime
  return timed.map((sample) => {
    const gapMicros = sample.timeMicros - before
    before = sample.timeMicros
    return { ...sample, gapMicros }
  })
}

function mostDistant(entries: Entry[], count: number): Entry[] {
  if (entries.length <= count) return entries
  return entries.toSorted((a, b) => b.gapMicros - a.gapMicros).slice(0, count)
}
