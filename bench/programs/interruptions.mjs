/** Shorter ones are V8's samples, which come between rotations too. */
const LEAST_MILLIS = 0.02

/**
 * Does nothing but read the clock for a while, so that whatever else runs in this thread shows as a
 * gap between two readings.
 *
 * @returns `[{ startMillis, millis }]`
 */
export function watchForInterruptions(durationMillis) {
  const gaps = []
  let last = performance.now()
  const end = last + durationMillis
  while (last < end) {
    const now = performance.now()
    if (now - last >= LEAST_MILLIS) gaps.push({ startMillis: last, millis: now - last })
    last = now
  }
  return gaps
}

/** The interruption in which a call was made; undefined where nobody watched. */
export function interruptionWith({ startMillis }, gaps) {
  return gaps.find(
    (gap) => gap.startMillis <= startMillis && startMillis <= gap.startMillis + gap.millis,
  )
}
