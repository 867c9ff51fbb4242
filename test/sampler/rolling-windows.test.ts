import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Title } from '../../src/sampler/console-profiles.ts'
import { ConsoleProfiles } from '../../src/sampler/console-profiles.ts'
import { type FinishedWindow, RollingWindows } from '../../src/sampler/rolling-windows.ts'
import type { Transport } from '../../src/sampler/transport.ts'
import { callTree, idOf } from './v8-profiles.ts'

/** A V8 that samples one function every 10 ms of the tests' clock, and hands over profiles. */
class PretendedV8 implements Transport {
  readonly running = new Map<Title, number>()
  readonly commands: string[] = []
  failNext: Error | undefined
  blind = false
  #finished: (params: unknown) => void = () => {}

  async send(method: string, params?: object): Promise<unknown> {
    const { expression } = { expression: '', ...params }
    const [, call, title] = /console\.(\w+)\('([\w-]+)'\)/.exec(expression) ?? []
    this.commands.push(call ? `${call} ${title}` : method)
    if (this.failNext) {
      const error = this.failNext
      this.failNext = undefined
      throw error
    }
    if (method === 'Profiler.disable') this.running.clear()
    if (call === 'profile') this.running.set(title as Title, nowMicros())
    if (call === 'profileEnd') this.#end(title as Title)
    return { result: { value: 300 } }
  }

  on(_event: string, listener: (params: unknown) => void): void {
    this.#finished = listener
  }

  close(): void {}

  #end(title: Title): void {
    const startTime = this.running.get(title) as number
    this.running.delete(title)
    const ticks = this.blind ? [] : ticksBetween(startTime, nowMicros())
    const nodes = callTree({ 'main;work': ticks.length })
    const work = idOf(nodes, 'work')
    const timeDeltas = ticks.map((tick, i) => tick - (ticks[i - 1] ?? startTime))
    const samples = ticks.map(() => work)
    // V8 adds a microsecond to its clock, so that no time is 0.
    const profile = {
      nodes,
      startTime: startTime + 1,
      endTime: nowMicros() + 1,
      samples,
      timeDeltas,
    }
    this.#finished({ title: 'somebody else’s', profile })
    this.#finished({ title, profile })
  }
}

const nowMicros = () => Date.now() * 1000

function ticksBetween(from: number, until: number): number[] {
  const first = Math.ceil(from / 10_000) * 10_000
  return Array.from({ length: Math.max(0, Math.ceil((until - first) / 10_000)) }, (_, i) => {
    return first + i * 10_000
  })
}

function start(v8: PretendedV8, restarted: (cause: Error) => void = () => {}) {
  const windows: FinishedWindow[] = []
  const rolling = new RollingWindows({
    profiles: new ConsoleProfiles(v8),
    cpuClock: {
      source: 'schedstat',
      read: async () => ({ timeMicros: nowMicros(), cpuNanos: nowMicros() * 1000 }),
      glance: () => ({ timeMicros: nowMicros(), nanos: nowMicros() * 1000, queuedNanos: 0 }),
      close() {},
    },
    samplingIntervalMicros: 10_000,
    deliver: async (window) => {
      windows.push(window)
    },
    maxLengthMillis: () => 1000,
    restarted,
  })
  return { rolling, windows }
}

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_003 })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('rolling windows', () => {
  it('hold every sample once', async () => {
    const { rolling, windows } = start(new PretendedV8())
    const startMicros = nowMicros()
    await rolling.start()
    await vi.advanceTimersByTimeAsync(10_000)
    await rolling.close()
    const times = windows.flatMap(({ samples }) => samples.map(({ timeMicros }) => timeMicros))
    expect(windows.length).toBeGreaterThan(8)
    expect(times).toEqual(ticksBetween(startMicros, nowMicros()))
  })

  it('leave no gap and do not overlap', async () => {
    const { rolling, windows } = start(new PretendedV8())
    await rolling.start()
    await vi.advanceTimersByTimeAsync(5_000)
    await rolling.close()
    windows.slice(1).forEach(({ startMicros }, i) => {
      expect(startMicros).toBe(windows[i]?.endMicros)
    })
  })

  it('never stop V8’s profiler between two windows', async () => {
    const v8 = new PretendedV8()
    const { rolling } = start(v8)
    await rolling.start()
    let alone = Number.POSITIVE_INFINITY
    for (let i = 0; i < 5000; i++) {
      await vi.advanceTimersByTimeAsync(1)
      alone = Math.min(alone, v8.running.size)
    }
    expect(alone).toBe(1)
    await rolling.close()
    expect(v8.running.size).toBe(0)
  })

  it('conserve the CPU time', async () => {
    const { rolling, windows } = start(new PretendedV8())
    await rolling.start()
    const startMicros = nowMicros()
    await vi.advanceTimersByTimeAsync(3_333)
    await rolling.close()
    const nanos = windows.flatMap(({ cpuNanosOfSample }) => cpuNanosOfSample)
    const sum = nanos.reduce((a, b) => a + b, 0)
    expect(sum).toBeCloseTo((nowMicros() - startMicros) * 1000, -3)
  })

  it('are rotated at once when somebody wants what there is', async () => {
    const { rolling, windows } = start(new PretendedV8())
    await rolling.start()
    await vi.advanceTimersByTimeAsync(100)
    const asked = nowMicros()
    const rotated = rolling.rotate()
    await vi.advanceTimersByTimeAsync(100)
    await rotated
    expect(windows.at(-1)?.endMicros).toBeGreaterThanOrEqual(asked)
    await rolling.close()
  })

  it('lose nothing when closed in the middle of a rotation', async () => {
    const v8 = new PretendedV8()
    const { rolling, windows } = start(v8)
    const startMicros = nowMicros()
    await rolling.start()
    await vi.advanceTimersByTimeAsync(200 + 10)
    expect(v8.running.size).toBe(2)
    await rolling.close()
    const times = windows.flatMap(({ samples }) => samples.map(({ timeMicros }) => timeMicros))
    expect(times).toEqual(ticksBetween(startMicros, nowMicros()))
  })

  it('may be closed twice', async () => {
    const { rolling, windows } = start(new PretendedV8())
    await rolling.start()
    await vi.advanceTimersByTimeAsync(100)
    await rolling.close()
    const delivered = windows.length
    await rolling.close()
    expect(windows).toHaveLength(delivered)
  })
})

describe('a fault', () => {
  it('of V8’s sampler is noticed, and sampling is started afresh', async () => {
    const v8 = new PretendedV8()
    const restarted = vi.fn()
    const { rolling, windows } = start(v8, restarted)
    await rolling.start()
    v8.blind = true
    await vi.advanceTimersByTimeAsync(300)
    v8.blind = false
    expect(restarted).toHaveBeenCalledOnce()
    expect(v8.commands).toContain('Profiler.disable')
    await vi.advanceTimersByTimeAsync(2_000)
    expect(restarted).toHaveBeenCalledOnce()
    expect(windows.at(-1)?.samples.length).toBeGreaterThan(10)
    await rolling.close()
  })

  it('of a command ends nothing', async () => {
    const v8 = new PretendedV8()
    const restarted = vi.fn()
    const { rolling, windows } = start(v8, restarted)
    await rolling.start()
    v8.failNext = new Error('gone for a moment')
    await vi.advanceTimersByTimeAsync(2_000)
    expect(restarted.mock.calls).toEqual([[new Error('gone for a moment')]])
    expect(windows.length).toBeGreaterThan(1)
    await rolling.close()
  })
})
