import { describe, expect, it } from 'vitest'
import type { Sample } from '../../src/sample.ts'
import type { CpuReading } from '../../src/sampler/cpu-clock.ts'
import { spreadCpuTime } from '../../src/sampler/cpu-time.ts'

const INTERVAL_NANOS = 10e6

function busy(...timesMillis: number[]): Sample[] {
  return timesMillis.map((time) => ({ timeMicros: time * 1000, stack: 0, idle: false }))
}

function idle(...timesMillis: number[]): Sample[] {
  return busy(...timesMillis).map((sample) => ({ ...sample, idle: true }))
}

function inOrder(...samples: Sample[]): Sample[] {
  return samples.sort((a, b) => a.timeMicros - b.timeMicros)
}

/** Readings as `[time in ms, CPU time in ms]`. */
function readings(...points: [number, number][]): CpuReading[] {
  return points.map(([time, cpu]) => ({ timeMicros: time * 1000, cpuNanos: cpu * 1e6 }))
}

function spread(samples: Sample[], points: [number, number][], carryMillis = 0) {
  const result = spreadCpuTime(samples, readings(...points), INTERVAL_NANOS, carryMillis * 1e6)
  const millis = result.nanosOfSample.map((nanos) => nanos / 1e6)
  return { millis, carryMillis: result.carryNanos / 1e6 }
}

describe('CPU time', () => {
  it('goes in equal parts to the samples between two readings', () => {
    const { millis } = spread(busy(10, 20, 60), [
      [0, 0],
      [50, 48],
      [100, 58],
    ])
    expect(millis).toEqual([24, 24, 10])
  })

  it('never goes to idle samples', () => {
    const { millis } = spread(inOrder(...busy(10), ...idle(20, 30)), [
      [0, 0],
      [50, 7],
    ])
    expect(millis).toEqual([7, 0, 0])
  })

  it('is not billed to a thread that is blocked', () => {
    const { millis } = spread(busy(10, 20, 30, 40, 60, 70, 80, 90), [
      [0, 0],
      [50, 50],
      [100, 50],
    ])
    expect(millis.slice(4)).toEqual([0, 0, 0, 0])
  })

  it('that no sample saw goes to moments that were partly idle too', () => {
    const samples = inOrder(...busy(10, 20, 30, 40), ...idle(60, 110), ...busy(120))
    const { millis } = spread(samples, [
      [0, 0],
      [50, 50],
      [100, 53],
      [150, 55],
    ])
    expect(millis).toEqual([12.5, 12.5, 12.5, 12.5, 0, 0, 5])
  })

  it('that no sample saw is carried into the next window', () => {
    const first = spread(idle(10), [
      [0, 0],
      [50, 3],
    ])
    expect(first).toEqual({ millis: [0], carryMillis: 3 })
    const second = spread(
      busy(60),
      [
        [50, 3],
        [100, 8],
      ],
      first.carryMillis,
    )
    expect(second).toEqual({ millis: [8], carryMillis: 0 })
  })

  it('is conserved, whatever the samples', () => {
    const samples = inOrder(...busy(1, 2, 33, 77, 78, 79, 190), ...idle(40, 120, 130))
    const points: [number, number][] = [
      [0, 100],
      [50, 131],
      [100, 139],
      [150, 140],
      [200, 190],
    ]
    const { millis, carryMillis } = spread(samples, points, 2)
    expect(millis.reduce((a, b) => a + b, carryMillis)).toBeCloseTo(92, 9)
  })

  it('is one interval a sample where it is not known', () => {
    const unknown = [0, 100_000].map((timeMicros) => ({ timeMicros, cpuNanos: undefined }))
    const samples = inOrder(...busy(10, 30), ...idle(20))
    const { nanosOfSample, carryNanos } = spreadCpuTime(samples, unknown, INTERVAL_NANOS, 0)
    expect(nanosOfSample).toEqual([INTERVAL_NANOS, 0, INTERVAL_NANOS])
    expect(carryNanos).toBe(0)
  })
})
