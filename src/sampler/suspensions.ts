import type { Sample, Suspension, Window } from '../sample.js'
import type { UndisturbingReading } from './cpu-clock.js'

/** A shorter gap may as well come from a machine under load. */
const MIN_MICROS = 1_000_000

/**
 * When the process was suspended: stopped by a signal, or frozen by its container or platform. No
 * thread of it runs then. So there is no sample, no reading, and the profiled thread is not even ready
 * to run, as it would be if a CPU quota was used up.
 *
 * @param readings at least from the window's start to its end, in order of time.
 */
export function suspensionsIn(
  { startMicros, endMicros, samples }: Window,
  readings: readonly UndisturbingReading[],
): Suspension[] {
  const sampled = gapsBetween([startMicros, ...samples.map(timeOf), endMicros])
  const suspensions: Suspension[] = []
  readings.forEach((reading, i) => {
    const before = readings[i - 1] ?? reading
    const queuedMicros = (reading.queuedNanos - before.queuedNanos) / 1000
    for (const gap of sampled) {
      const fromMicros = Math.max(gap.fromMicros, before.timeMicros)
      const untilMicros = Math.min(gap.untilMicros, reading.timeMicros)
      const micros = untilMicros - fromMicros
      if (micros > MIN_MICROS && queuedMicros < micros / 2) {
        suspensions.push({ fromMicros, untilMicros })
      }
    }
  })
  return suspensions
}

function gapsBetween(times: readonly number[]): Suspension[] {
  return times
    .map((untilMicros, i) => ({ fromMicros: times[i - 1] ?? untilMicros, untilMicros }))
    .filter(({ fromMicros, untilMicros }) => untilMicros - fromMicros > MIN_MICROS)
}

function timeOf({ timeMicros }: Sample): number {
  return timeMicros
}
