import type { Suspension, Window } from '../sample.js'

/**
 * The time that each sample of a window stands for: that since the sample before. One that V8 took
 * late, as its thread found no CPU to run on, stands for that wait too. The last one has the rest of
 * the window, so that the sum is the time that passed, less that in which the process was suspended.
 *
 * @param fromMicros up to where earlier samples stand for the time.
 */
export function wallNanosOfSamples(
  { samples, endMicros }: Window,
  suspensions: readonly Suspension[],
  fromMicros: number,
): readonly number[] {
  let lastMicros = fromMicros
  return samples.map(({ timeMicros }, i) => {
    const isLast = i === samples.length - 1
    const untilMicros = Math.max(lastMicros, isLast ? endMicros : timeMicros)
    const micros = untilMicros - lastMicros - suspendedMicros(suspensions, lastMicros, untilMicros)
    lastMicros = untilMicros
    return micros * 1000
  })
}

function suspendedMicros(
  suspensions: readonly Suspension[],
  fromMicros: number,
  untilMicros: number,
): number {
  return suspensions.reduce((micros, suspension) => {
    const from = Math.max(fromMicros, suspension.fromMicros)
    const until = Math.min(untilMicros, suspension.untilMicros)
    return micros + Math.max(0, until - from)
  }, 0)
}
