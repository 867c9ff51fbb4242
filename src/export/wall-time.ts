import type { Window } from '../sample.js'

/**
 * The time that each sample of a window stands for: that since the sample before. One that V8 took
 * late, as its thread found no CPU to run on, stands for that wait too. The last one has the rest of
 * the window, so that the sum is the time that passed.
 *
 * @param fromMicros up to where earlier samples stand for the time.
 */
export function wallNanosOfSamples(
  { samples, endMicros }: Window,
  fromMicros: number,
): readonly number[] {
  let lastMicros = fromMicros
  return samples.map(({ timeMicros }, i) => {
    const isLast = i === samples.length - 1
    const untilMicros = Math.max(lastMicros, isLast ? endMicros : timeMicros)
    const nanos = (untilMicros - lastMicros) * 1000
    lastMicros = untilMicros
    return nanos
  })
}
