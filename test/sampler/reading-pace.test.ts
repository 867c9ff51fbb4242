import { describe, expect, it } from 'vitest'
import type { Window } from '../../src/sample.ts'
import { ReadingPace } from '../../src/sampler/reading-pace.ts'

/** A second with a sample each 10 ms, the first ones busy, the rest idle. */
function second(busy: number): Window {
  const samples = Array.from({ length: 100 }, (_, i) => ({
    timeMicros: (i + 1) * 10_000,
    stack: 0,
    idle: i >= busy,
  }))
  return { startMicros: 0, endMicros: 1_000_000, stacks: [], samples }
}

/** @param runnableMillis time on a CPU or ready to run, in each of `seconds`. */
function paceOf(busy: number, runnableMillis: number, seconds = 10, intervalMicros = 10_000) {
  const pace = new ReadingPace(intervalMicros)
  for (let i = 0; i < seconds; i++) pace.add(second(busy), runnableMillis * 1e6)
  return pace
}

describe('the CPU time is read', () => {
  it('as often as samples come at first, while any code may turn out to wait', () => {
    expect(new ReadingPace(10_000).millis).toBe(10)
  })

  it('seldom while the thread works', () => {
    expect(paceOf(100, 1000).millis).toBe(50)
    expect(paceOf(100, 990).millis).toBe(50)
  })

  it('seldom while the thread is idle in its event loop', () => {
    expect(paceOf(0, 0).millis).toBe(50)
    expect(paceOf(0, 30).millis).toBe(50)
    expect(paceOf(10, 95).millis).toBe(50)
  })

  it('as often as samples come while code waits', () => {
    expect(paceOf(100, 500).millis).toBe(10)
    expect(paceOf(100, 900).millis).toBe(10)
    expect(paceOf(10, 50).millis).toBe(10)
  })

  it('as often from the first second on that has waits, and for a while after the last one', () => {
    const pace = paceOf(100, 1000, 60)
    pace.add(second(100), 0)
    pace.add(second(100), 0)
    expect(pace.millis).toBe(10)
    pace.add(second(100), 1000e6)
    expect(pace.millis).toBe(10)
    for (let i = 0; i < 60; i++) pace.add(second(100), 1000e6)
    expect(pace.millis).toBe(50)
  })

  it('no more often than the kernel counts, and no less than each 50 ms', () => {
    expect(new ReadingPace(100).millis).toBe(5)
    expect(new ReadingPace(20_000).millis).toBe(20)
    expect(new ReadingPace(1_000_000).millis).toBe(50)
  })
})
