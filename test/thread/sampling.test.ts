import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { nowMicros } from '../../src/sampler/cpu-clock.ts'
import type { Transport } from '../../src/sampler/transport.ts'
import { Counters } from '../../src/thread/counters.ts'
import { Sampling } from '../../src/thread/sampling.ts'
import { windowOf } from '../export/windows.ts'

const NO_V8: Transport = { send: async () => ({ result: {} }), on() {}, close() {} }
const HOUR_MILLIS = 3_600_000
const OPTIONS = { type: 'cpu', appName: 'shop', tags: [] } as const

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 2, 3) })
})
afterEach(() => {
  vi.useRealTimers()
})

it('gives a profile its start by the system’s clock, and its duration by one that is never set', async () => {
  const sampling = await Sampling.prepare(NO_V8, 10_000, new Counters(), () => {})
  const before = sampling.open(OPTIONS)
  vi.advanceTimersByTime(1000)
  vi.setSystemTime(Date.now() + HOUR_MILLIS)
  vi.advanceTimersByTime(1000)
  before.add({ ...windowOf([{ stack: 'work' }]), endMicros: nowMicros() })
  vi.advanceTimersByTime(500)
  const after = sampling.open(OPTIONS, before.endMicros)
  after.add({ ...windowOf([{ stack: 'work' }]), endMicros: nowMicros() })
  expect(before.finish()).toMatchObject({
    startTimeMillis: Date.UTC(2026, 0, 2, 3),
    durationNanos: 2e9,
  })
  expect(after.finish()).toMatchObject({
    startTimeMillis: Date.UTC(2026, 0, 2, 4, 0, 2),
    durationNanos: 5e8,
  })
})
