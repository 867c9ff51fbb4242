import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Transport } from '../../src/sampler/transport.ts'
import type { V8HeapSample } from '../../src/sampler/v8-heap-profile.ts'
import { Counters } from '../../src/thread/counters.ts'
import { HeapProfiling, type HeapProfilingOptions } from '../../src/thread/heap-profiling.ts'
import { heapNode } from '../sampler/v8-heap.ts'

const FLUSH_MILLIS = 15_000

/** A V8 on the tests' clock, that collects its whole heap at each reading unless it is native. */
class PretendedV8 implements Transport {
  readonly commands: string[] = []
  usedBytes = 100e6
  hasClock = true
  fails = false
  /** Like Node.js 26: read without a collection, in a microsecond and a half for each sample. */
  isNative = false
  allocatedBytes = 0
  samples: readonly V8HeapSample[] = []
  /** Of objects that are sampled, or what else holds one. */
  handles = 1000
  /** Those that sampling was started with. */
  readonly intervals: number[] = []
  readonly scripts: string[] = []
  #isOn = false

  async send(method: string, params?: object): Promise<unknown> {
    const { expression = '' } = { expression: '', ...params }
    this.commands.push(method)
    if (this.fails) throw new Error('V8 is out to lunch')
    switch (method) {
      case 'Runtime.evaluate':
        return { result: { value: this.#evaluate(expression) } }
      case 'Runtime.getHeapUsage':
        return { usedSize: this.usedBytes }
      case 'HeapProfiler.startSampling':
        this.#start((params as { samplingInterval: number }).samplingInterval)
        return {}
      case 'HeapProfiler.disable':
        this.#isOn = false
        return {}
      case 'HeapProfiler.getSamplingProfile':
        return this.#read()
      case 'HeapProfiler.stopSampling':
        return Promise.resolve(this.#read()).finally(() => {
          this.#isOn = false
        })
    }
    return {}
  }

  on(): void {}
  close(): void {}

  #evaluate(expression: string): unknown {
    this.scripts.push(expression)
    if (expression.includes('hrtime')) return this.#clockMicros()
    if (expression.includes('total_allocated_bytes')) return this.allocatedBytes
    if (expression.includes('used_global_handles_size')) return 32 * this.handles
    if (expression.startsWith('typeof')) return this.isNative
    const start = /"sampleInterval":(\d+)/.exec(expression)
    if (start === null) return undefined
    this.#start(Number(start[1]))
    return 'started'
  }

  #start(interval: number): void {
    this.intervals.push(interval)
    this.#isOn = true
  }

  #read() {
    if (!this.#isOn) throw new Error('not started')
    vi.advanceTimersByTime(
      this.isNative ? (this.samples.length * 1.5) / 1000 : this.usedBytes / 1e6,
    )
    const head = heapNode('(root)', 0, [heapNode('main:1', 1e6)])
    return { profile: { head, samples: this.samples } }
  }

  #clockMicros(): number {
    return this.hasClock ? Number(process.hrtime.bigint() / 1000n) : 0
  }
}

function samplesOf(number: number, size = 600_000): V8HeapSample[] {
  return Array.from({ length: number }, (_, i) => ({ nodeId: 1, ordinal: i + 1, size }))
}

async function start(v8: PretendedV8, options: Partial<HeapProfilingOptions> = {}) {
  const counters = new Counters()
  const logged: string[] = []
  const levels: string[] = []
  const heap = await HeapProfiling.start(v8, {
    appName: 'shop',
    tags: [],
    samplingIntervalBytes: 524_288,
    stackDepth: 64,
    allocations: false,
    maxPausePercent: 0.1,
    counters,
    log: (level, message) => {
      levels.push(level)
      logged.push(message)
    },
    ...options,
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
  return { heap, counters, logged, levels, flush }
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

  it('are of the moment of their reading', async () => {
    const { flush } = await start(new PretendedV8())
    const profiles = await flush(7)
    expect(profiles).toHaveLength(1)
    expect(profiles[0]).toMatchObject({ startTimeMillis: Date.now(), durationNanos: 0 })
  })

  it('are told of once', async () => {
    const { logged, levels, flush } = await start(new PretendedV8())
    await flush(40)
    expect(levels).toEqual(['warn'])
    expect(logged).toEqual([
      'each heap profile takes a full garbage collection on this Node.js version: this one took 100 ms, the next one is at least 100 s away (heap.maxPausePercent 0.1)',
    ])
  })

  it('are told of as no warning where they are short', async () => {
    const v8 = new PretendedV8()
    v8.usedBytes = 99e6
    const { heap, levels } = await start(v8)
    await heap.now()
    expect(levels).toEqual(['info'])
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

  it('are sampled anew as asked for, and on from there, when V8 has failed', async () => {
    const v8 = new PretendedV8()
    const { heap } = await start(v8)
    v8.handles += 40_000
    await heap.next()
    v8.fails = true
    await heap.next()
    v8.fails = false
    await heap.next()
    expect(v8.intervals).toEqual([524_288, 8 * 524_288, 524_288])
  })

  it('leave V8’s sampling by a command that does not collect', async () => {
    const v8 = new PretendedV8()
    const { heap } = await start(v8)
    await heap.stop()
    expect(v8.commands).toContain('HeapProfiler.disable')
    expect(v8.commands).not.toContain('HeapProfiler.stopSampling')
  })
})

describe('a heap of which very much is sampled', () => {
  const warning = expect.stringMatching(
    /discarded, as it has become more than 16384 samples: .* once in 4194304 bytes, not in 524288/,
  )

  it('is not read, but sampled at a wider interval, with one line', async () => {
    const v8 = new PretendedV8()
    v8.handles = 90_000 // That others hold.
    const { heap, counters, logged } = await start(v8, { maxPausePercent: 100 })
    v8.handles += 16_384
    expect(await heap.next()).toMatchObject({ period: 524_288 })
    v8.handles += 30_000
    expect(await heap.next()).toBeUndefined()
    v8.handles += 30_000
    expect(await heap.next()).toBeUndefined()
    expect(counters.snapshot()).toMatchObject({ heapReads: 1, heapReadFailures: 2 })
    expect(v8.intervals).toEqual([524_288, 8 * 524_288, 32 * 524_288])
    expect(logged.slice(1)).toEqual([warning])
    expect(await heap.next()).toMatchObject({ period: 32 * 524_288 })
  })

  it('is not read on request either: what is given is what has been sampled since', async () => {
    const v8 = new PretendedV8()
    const { heap } = await start(v8)
    v8.handles += 50_000
    expect(await heap.now()).toMatchObject({ period: 8 * 524_288 })
  })

  it('is not said to be left out for its pause at the end', async () => {
    const v8 = new PretendedV8()
    const { heap, logged } = await start(v8)
    v8.handles += 40_000
    expect(await heap.last()).toBeUndefined()
    expect(logged).toEqual([warning])
  })

  it('waits for a pause that more samples make longer, where no collection does', async () => {
    const v8 = new PretendedV8()
    v8.isNative = true
    const { flush } = await start(v8)
    const holdsSamples = (number: number) => {
      v8.samples = samplesOf(number)
      v8.handles = 1000 + number
    }
    holdsSamples(1000) // 1.5 ms, and a flush affords 15 ms.
    expect(await flush(1)).toHaveLength(1)
    holdsSamples(12_000)
    expect(await flush(1)).toHaveLength(0)
    holdsSamples(9800)
    expect(await flush(1)).toHaveLength(1)
    holdsSamples(9900)
    expect(await flush(1)).toHaveLength(1)
  })
})

describe('profiles of allocations', () => {
  const allocations = { allocations: true, maxPausePercent: 100 }

  it('are of the time since the last one', async () => {
    const v8 = new PretendedV8()
    v8.isNative = true
    const { flush } = await start(v8, allocations)
    const [first, second] = await flush(2)
    expect(first).toMatchObject({ startTimeMillis: 1_700_000_000_000, durationNanos: 15e9 })
    expect(second).toMatchObject({ startTimeMillis: 1_700_000_015_000, durationNanos: 15e9 })
  })

  it('begin anew in between where there are too many, at a wider interval', async () => {
    const v8 = new PretendedV8()
    v8.isNative = true
    const { heap, counters, logged, flush } = await start(v8, allocations)
    v8.allocatedBytes += 40_000 * 524_288
    await vi.advanceTimersByTimeAsync(5000)
    expect(counters.snapshot()).toMatchObject({ heapReads: 0, heapReadFailures: 1 })
    expect(logged).toEqual([warningOf(8)])
    v8.allocatedBytes += 8 * 16_384 * 524_288
    v8.samples = samplesOf(16_384, 8 * 524_288)
    const [profile] = await flush(1)
    expect(profile).toMatchObject({
      period: 8 * 524_288,
      startTimeMillis: 1_700_000_000_100,
      durationNanos: 19.9e9 + 24_576e3,
    })
    expect(v8.intervals).toEqual([524_288, 8 * 524_288, 16 * 524_288])
    await heap.stop()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('are not sampled too finely where V8 does not start it natively', async () => {
    const v8 = new PretendedV8()
    const { heap, counters } = await start(v8, { ...allocations, samplingIntervalBytes: 1024 })
    expect(v8.intervals).toEqual([8192])
    v8.allocatedBytes += 400e6
    await vi.advanceTimersByTimeAsync(100)
    expect(counters.snapshot().heapReadFailures).toBe(1)
    expect(v8.intervals[1]).toBe(65_536)
    await heap.stop()
  })

  function warningOf(times: number): unknown {
    return expect.stringContaining(`once in ${times * 524_288} bytes, not in 524288`)
  }
})

describe('a heap that somebody else has come to sample', () => {
  it.each([false, true])('is theirs from there on (started natively: %s)', async (isNative) => {
    const v8 = new PretendedV8()
    v8.isNative = isNative
    const { heap, logged, counters } = await start(v8, { maxPausePercent: 100 })
    v8.samples = samplesOf(3)
    expect(await heap.next()).toBeDefined()
    v8.samples = samplesOf(2, 700_000)
    v8.commands.length = 0
    v8.scripts.length = 0
    expect(await heap.next()).toBeUndefined()
    expect(await heap.now()).toBeUndefined()
    await heap.stop()
    expect(logged.at(-1)).toMatch(/no heap profiles: something else is already sampling/)
    expect(counters.snapshot().heapReadFailures).toBe(0)
    expect(v8.commands).not.toContain('HeapProfiler.disable')
    expect(v8.scripts.filter((script) => script.includes('.stop()'))).toEqual([])
    const forgets = v8.scripts.filter((script) => script.startsWith('delete'))
    expect(forgets).toHaveLength(isNative ? 1 : 0)
  })

  it('is given up when a reading fails, before they start', async () => {
    const v8 = new PretendedV8()
    const { heap } = await start(v8, { maxPausePercent: 100 })
    await v8.send('HeapProfiler.disable')
    v8.commands.length = 0
    await heap.next()
    expect(v8.commands).toContain('HeapProfiler.disable')
  })
})
