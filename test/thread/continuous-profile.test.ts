import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Sink } from '../../src/export/sink.ts'
import { ContinuousProfile } from '../../src/thread/continuous-profile.ts'
import { Counters } from '../../src/thread/counters.ts'
import type { Sampling } from '../../src/thread/sampling.ts'
import { fold, windowOf } from '../export/windows.ts'

const profile = fold(windowOf([{ stack: 'main' }]))
const sampling = {
  open: (options: object) => ({ options, endMicros: 0, size: 1, finish: () => profile }),
  close() {},
  async catchUp() {},
} as unknown as Sampling

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function profiling(sink: Partial<Sink> = {}) {
  const written = vi.fn(async () => {})
  const continuous = new ContinuousProfile(sampling, {
    recordings: [{ type: 'cpu', appName: 'shop', tags: [] }],
    heap: undefined,
    finish: async (profile) => profile,
    flushIntervalMs: 15_000,
    firstFlushMs: 4000,
    flushTimeoutMs: 100,
    sinks: [{ write: written, flush: async () => {}, close: async () => {}, ...sink }],
    counters: new Counters(),
    log() {},
  })
  return { continuous, written }
}

describe('profiles one after the other', () => {
  it('are cut at their interval, from wherever the first one is', async () => {
    const { written } = profiling()
    const counts: number[] = []
    for (const millis of [3999, 1, 14_999, 1, 15_000]) {
      await vi.advanceTimersByTimeAsync(millis)
      counts.push(written.mock.calls.length)
    }
    expect(counts).toEqual([0, 1, 1, 2, 3])
  })

  it('are cut no more after the end, which comes once', async () => {
    const { continuous, written } = profiling()
    await vi.advanceTimersByTimeAsync(4000)
    await Promise.all([continuous.end({ ended: true }), continuous.end({ ended: false })])
    expect(written).toHaveBeenCalledTimes(2)
    await vi.advanceTimersByTimeAsync(100_000)
    expect(written).toHaveBeenCalledTimes(2)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('wait for no sink’s network, a flush does', async () => {
    vi.useRealTimers()
    const flushed: AbortSignal[] = []
    const { continuous, written } = profiling({
      flush: async (timeUp) => {
        flushed.push(timeUp)
        await new Promise((resolve) => timeUp.addEventListener('abort', resolve))
      },
    })
    await continuous.flush()
    expect(written).toHaveBeenCalledOnce()
    expect(flushed.map(({ aborted }) => aborted)).toEqual([true])
    await continuous.end({ ended: true })
  })
})
