import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Transport } from '../../src/sampler/transport.ts'
import { Counters } from '../../src/thread/counters.ts'
import { HeapProfiling } from '../../src/thread/heap-profiling.ts'
import { heapNode } from '../sampler/v8-heap.ts'

const FLUSH_MILLIS = 15_000

/** A V8 that collects its whole heap at each reading, on the tests' clock. */
class PretendedV8 implements Transport {
  readonly commands: string[] = []
  usedBytes = 100e6
  hasClock = true
  fails = false
  #isOn = false

  async send(method: string, params?: object): Promise<unknown> {
    const { expression = '' } = { expression: '', ...params }
    this.commands.push(method)
    if (this.fails) throw new Error('V8 is out to lunch')
    switch (method) {
      case 'Runtime.evaluate':
        return { result: { value: expression.includes('hrtime') ? this.#clockMicros() : false } }
      case 'Runtime.getHeapUsage':
        return { usedSize: this.usedBytes }
      case 'HeapProfiler.startSampling':
        this.#isOn = true
        return {}
      case 'HeapProfiler.disable':
        this.#isOn = false
        return {}
      case 'HeapProfiler.getSamplingProfile':
        if (!this.#isOn) throw new Error('not started')
        vi.advanceTimersByTime(this.usedBytes / 1e6)
        return { profile: { head: heapNode('(root)', 0, [heapNode('main:1', 1e6)]), samples: [] } }
    }
    return {}
  }

  on(): void {}
  close(): void {}

  #clockMicros(): number {
    return this.hasClock ? Number(process.hrtime.bigint() / 1000n) : 0
  }
}

async function start(v8: PretendedV8) {
  const counters = new Counters()
  const logged: string[] = []
  const heap = await HeapProfiling.start(v8, {
    appName: 'shop',
    tags: [],
    samplingIntervalBytes: 524_288,
    stackDepth: 64,
    allocations: false,
    maxPausePercent: 0.1,
    counters,
    log: (_, message) => logged.push(message),
  })
  /** Asks for a profile at every flush, and gives those that there were. */
  const flush = async (times: number) => {
    const profiles = []
    for (let i = 0; i < times; i++) {
      vi.advanceTimersByTime(FLUSH_MILLIS)
      const profile = await heap.next()
      if (profile) profiles.push(profile)
    }
    return profiles
  }
  return { heap, counters, logged, flush }
}

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the profiles of a heap that V8 collects for each', () => {
  it('stall the app for no more than their share of the time, the first one too', async () => {
    const { counters, flush } = await start(new PretendedV8())
    for (let minute = 1; minute <= 60; minute++) {
      await flush(4)
      expect(counters.snapshot().heapPauseMicros).toBeLessThanOrEqual(minute * 60e6 * 0.001)
    }
    const { heapReads, heapReadsSkipped, heapPauseMicros, maxHeapPauseMicros } = counters.snapshot()
    expect(heapReads).toBe(34)
    expect(heapReads + heapReadsSkipped).toBe(240)
    expect(heapPauseMicros).toBeCloseTo(heapReads * 100_000, -1)
    expect(maxHeapPauseMicros).toBeCloseTo(100_000, -1)
  })

  it('hold the share when the heap grows', async () => {
    const v8 = new PretendedV8()
    const { counters, flush } = await start(v8)
    await flush(240)
    const before = counters.snapshot().heapPauseMicros
    v8.usedBytes = 1000e6
    await flush(240)
    const pauses = counters.snapshot().heapPauseMicros - before
    expect(pauses).toBeGreaterThan(0)
    expect(pauses).toBeLessThanOrEqual(3600e6 * 0.001)
  })

  it('tile the time', async () => {
    const { flush } = await start(new PretendedV8())
    const profiles = await flush(40)
    expect(profiles.length).toBeGreaterThan(2)
    profiles.slice(1).forEach(({ startTimeMillis }, i) => {
      const last = profiles[i]
      const endMillis = (last?.startTimeMillis ?? 0) + (last?.durationNanos ?? 0) / 1e6
      expect(startTimeMillis).toBeCloseTo(endMillis, 0)
    })
  })

  it('are told of once', async () => {
    const { logged, flush } = await start(new PretendedV8())
    await flush(40)
    expect(logged).toEqual([
      'each heap profile takes a full garbage collection on this Node.js version: this one took 100 ms, the next one is at least 100 s away (heap.maxPausePercent 0.1)',
    ])
  })

  it('are taken at the end where the pause is short, whatever the budget', async () => {
    const v8 = new PretendedV8()
    v8.usedBytes = 10e6
    const { heap } = await start(v8)
    expect(await heap.next()).toBeUndefined()
    expect(await heap.last()).toBeDefined()
  })

  it('are left out at the end where it is long, with a word on it', async () => {
    const { heap, counters, logged } = await start(new PretendedV8())
    expect(await heap.last()).toBeUndefined()
    expect(counters.snapshot().heapReadsSkipped).toBe(1)
    expect(logged).toEqual([expect.stringContaining('no heap profile was taken')])
  })

  it('wait for one that was asked for meanwhile', async () => {
    const { heap, counters, flush } = await start(new PretendedV8())
    await heap.now()
    await flush(6)
    expect(counters.snapshot().heapReads).toBe(1)
    await flush(8)
    expect(counters.snapshot().heapReads).toBe(2)
  })

  it('are measured by the time that passed where the app has replaced the clock', async () => {
    const v8 = new PretendedV8()
    v8.hasClock = false
    const { heap, counters } = await start(v8)
    await heap.now()
    expect(counters.snapshot().heapPauseMicros).toBeCloseTo(100_000, -1)
  })

  it('fail with one line, and go on when V8 does', async () => {
    const v8 = new PretendedV8()
    const { counters, logged, flush } = await start(v8)
    v8.fails = true
    expect(await flush(10)).toEqual([])
    v8.fails = false
    expect(await flush(10)).toHaveLength(2)
    expect(counters.snapshot()).toMatchObject({ heapReadFailures: 10, heapReads: 2 })
    expect(logged).toEqual([
      expect.stringContaining('V8 is out to lunch'),
      expect.stringContaining('full garbage collection'),
      'the heap is profiled again after 10 failures',
    ])
  })

  it('leave V8’s sampling by a command that does not collect', async () => {
    const v8 = new PretendedV8()
    const { heap } = await start(v8)
    await heap.stop()
    expect(v8.commands).toContain('HeapProfiler.disable')
    expect(v8.commands).not.toContain('HeapProfiler.stopSampling')
  })
})
