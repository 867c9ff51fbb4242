import { describe, expect, it } from 'vitest'
import { type ActivityReading, CpuActivity } from '../../src/sampler/cpu-activity.ts'

/** A thread that uses `shares` of its time, each for 10 ms, read in between. */
function activityOf(...shares: number[]): CpuActivity {
  let nanos = 0
  const readings = [{ timeMicros: 0, nanos: 0 }]
  shares.forEach((share, i) => {
    nanos += share * 10e6
    readings.push({ timeMicros: (i + 1) * 10_000, nanos })
  })
  return new CpuActivity(readings)
}

/**
 * Work and waiting by turns of `turnMillis`, read every 10 ms and a little. The kernel updates its
 * count every 4 ms while the thread runs, and when it goes to sleep.
 */
function readingsOfTurns(turnMillis: number): ActivityReading[] {
  const counted = (millis: number) => {
    const turns = Math.floor(millis / (2 * turnMillis))
    const inTurn = millis - turns * 2 * turnMillis
    const untilTick = Math.floor(millis / 4) * 4 - turns * 2 * turnMillis
    return turns * turnMillis + (inTurn < turnMillis ? Math.max(0, untilTick) : turnMillis)
  }
  return Array.from({ length: 300 }, (_, i) => ({
    timeMicros: i * 10_100,
    nanos: counted(i * 10.1) * 1e6,
  }))
}

/** What samples within a stretch of time see on average. */
function average(activity: CpuActivity, fromMillis: number, untilMillis: number): number {
  let sum = 0
  for (let millis = fromMillis; millis < untilMillis; millis++) sum += activity.at(millis * 1000)
  return sum / (untilMillis - fromMillis)
}

describe('the CPU activity', () => {
  it('is what the thread used where that does not change', () => {
    expect(activityOf(1, 1, 1).at(15_000)).toBe(1)
    expect(activityOf(0, 0, 0).at(15_000)).toBe(0)
    expect(activityOf(0.3, 0.3, 0.3).at(15_000)).toBeCloseTo(0.3, 9)
  })

  it('is told from that before and after, where code that waits and code that works meet', () => {
    const activity = activityOf(1, 1, 0.5, 0, 0)
    expect(activity.at(15_000)).toBeGreaterThan(1)
    expect(activity.at(25_000)).toBeCloseTo(0.5, 9)
    expect(activity.at(35_000)).toBeLessThan(0)
  })

  it('of a wait is next to nothing, over several samples', () => {
    const activity = new CpuActivity(readingsOfTurns(15))
    const turns = Array.from({ length: 60 }, (_, i) => 600 + i * 30)
    const mean = (offset: number) =>
      turns.reduce((sum, turn) => sum + average(activity, turn + offset, turn + offset + 15), 0) /
      60
    expect(mean(15)).toBeLessThan(0.05)
    expect(mean(0)).toBeGreaterThan(0.95)
  })

  it('adds up to what was used', () => {
    const activity = activityOf(0, 0, 1, 0.2, 0.9, 0, 1, 1, 0, 0)
    expect(average(activity, 0, 100)).toBeCloseTo(0.41, 9)
  })

  it('goes on before the first reading and after the last one', () => {
    const activity = activityOf(1, 1)
    expect([activity.at(-5000), activity.at(25_000)]).toEqual([1, 1])
    expect(new CpuActivity([]).at(0)).toBe(0)
  })
})
