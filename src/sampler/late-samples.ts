import type { Window } from '../sample.js'

/** V8 fails to take a sample now and then, so that two intervals are nothing out of the ordinary. */
const LATE_INTERVALS = 2.5

/** How many samples came late, by more than one and a half sampling intervals. */
export function lateSamples(
  { startMicros, samples }: Window,
  samplingIntervalMicros: number,
): number {
  const isLate = ({ timeMicros }: { timeMicros: number }, i: number) =>
    timeMicros - (samples[i - 1]?.timeMicros ?? startMicros) >
    LATE_INTERVALS * samplingIntervalMicros
  return samples.filter(isLate).length
}
