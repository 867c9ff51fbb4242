/** What the end of a window may stall the profiled thread, in the middle of its spread. */
const TARGET_PAUSE_MICROS = 1200
export const MIN_LENGTH_MILLIS = 200
export const MAX_LENGTH_MILLIS = 1000

/**
 * The next window's length. V8 hands a window over on the profiled thread, at a cost that grows with
 * the call-tree nodes in it, so the length follows the last pause: 1 s on small stacks, 0.2-0.4 s on
 * a compiler's. Never under 0.2 s: below that the pauses' sum grows faster than each one shrinks.
 */
export function nextLengthMillis(lastLengthMillis: number, lastPauseMicros: number): number {
  const fit = lastLengthMillis * (TARGET_PAUSE_MICROS / Math.max(lastPauseMicros, 1))
  // Half a step at a time: one pause prolonged by a garbage collection says little about the next.
  const length = (lastLengthMillis + fit) / 2
  return Math.min(MAX_LENGTH_MILLIS, Math.max(MIN_LENGTH_MILLIS, length))
}

/** Where the lengths begin: short, as the app's stacks are not known yet. */
export const FIRST_LENGTH_MILLIS = MIN_LENGTH_MILLIS
