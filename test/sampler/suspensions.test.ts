import { describe, expect, it } from 'vitest'
import type { Window } from '../../src/sample.ts'
import { suspensionsIn } from '../../src/sampler/suspensions.ts'

function windowOf(...sampleMillis: number[]): Window {
  const samples = sampleMillis.map((millis) => ({
    timeMicros: millis * 1000,
    stack: 0,
    idle: false,
  }))
  return { startMicros: 0, endMicros: 6_000_000, stacks: [], samples }
}

/** Readings as `[time in ms, time in the run queue in ms]`. */
function readings(...points: [number, number][]) {
  return points.map(([millis, queued]) => ({
    timeMicros: millis * 1000,
    nanos: 0,
    queuedNanos: queued * 1e6,
  }))
}

describe('a suspension', () => {
  it('is a time without a sample and without a reading', () => {
    const found = suspensionsIn(
      windowOf(990, 1000, 1010, 5005, 5015),
      readings([1000, 0], [1007, 0], [5008, 0]),
    )
    expect(found).toEqual([{ fromMicros: 1_010_000, untilMicros: 5_005_000 }])
  })

  it('is seen in an idle thread too, which may have no sample at all', () => {
    expect(suspensionsIn(windowOf(), readings([1000, 0], [5000, 0]))).toEqual([
      { fromMicros: 1_000_000, untilMicros: 5_000_000 },
    ])
  })

  it('is not a system call that cannot be interrupted, while the sampler thread runs', () => {
    const each50 = Array.from({ length: 100 }, (_, i): [number, number] => [i * 50, 0])
    expect(suspensionsIn(windowOf(10, 4990), readings(...each50))).toEqual([])
  })

  it('is not a sampler thread at work, while V8 samples', () => {
    const each10 = Array.from({ length: 500 }, (_, i) => i * 10)
    expect(suspensionsIn(windowOf(...each10), readings([0, 0], [5000, 0]))).toEqual([])
  })

  it('is not a CPU quota that is used up', () => {
    expect(suspensionsIn(windowOf(1000, 3000), readings([1000, 0], [3001, 1900]))).toEqual([])
  })

  it('counts in the window that it is in, as far as that goes', () => {
    const inSeconds = { ...windowOf(), startMicros: 2_000_000, endMicros: 4_000_000 }
    expect(suspensionsIn(inSeconds, readings([1000, 0], [5000, 0]))).toEqual([
      { fromMicros: 2_000_000, untilMicros: 4_000_000 },
    ])
  })
})
