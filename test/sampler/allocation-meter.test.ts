import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AllocationMeter } from '../../src/sampler/allocation-meter.ts'
import type { Transport } from '../../src/sampler/transport.ts'

/** A V8 that answers in half a millisecond, in which its heap grows. */
function v8With(options: { readonly counted?: number; readonly growsBytes?: number }): Transport {
  let usedSize = 5e6
  return {
    async send(method) {
      if (method === 'Runtime.evaluate') return { result: { value: options.counted } }
      vi.advanceTimersByTime(0.5)
      usedSize += options.growsBytes ?? 0
      return { usedSize }
    },
    on() {},
    close() {},
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('what a thread has allocated', () => {
  it('is what V8 counts, where it does', async () => {
    expect(await new AllocationMeter(v8With({ counted: 42 })).allocatedBytes()).toBe(42)
  })

  it('is what the heap grows by between two looks, for the time since the last ones', async () => {
    const meter = new AllocationMeter(v8With({ growsBytes: 500 }))
    vi.advanceTimersByTime(99)
    expect(await meter.allocatedBytes()).toBeCloseTo(100 * 1000)
    vi.advanceTimersByTime(199)
    expect(await meter.allocatedBytes()).toBeCloseTo(300 * 1000)
  })

  it('is as much as there may be where a collection came in between', async () => {
    const meter = new AllocationMeter(v8With({ growsBytes: -500 }))
    vi.advanceTimersByTime(99)
    expect(await meter.allocatedBytes()).toBeCloseTo(100 * 4e6)
  })
})
