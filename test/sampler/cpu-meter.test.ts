import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Window } from '../../src/sample.ts'
import type { CpuClock } from '../../src/sampler/cpu-clock.ts'
import { CpuMeter } from '../../src/sampler/cpu-meter.ts'

const nowMicros = () => Date.now() * 1000

/** A thread that works for 50 ms and waits for 50 ms by turns, beside others that always work. */
class PretendedThread implements CpuClock {
  readonly source = 'threadCpuUsage'
  readonly #knows: boolean
  readonly #others: number
  glances = 0

  constructor({ knows = true, others = 0 } = {}) {
    this.#knows = knows
    this.#others = others
  }

  get cpuNanos(): number {
    return (Math.floor(Date.now() / 100) * 50 + Math.min(50, Date.now() % 100)) * 1e6
  }

  async read() {
    return { timeMicros: nowMicros(), cpuNanos: this.#knows ? this.cpuNanos : undefined }
  }

  glance() {
    this.glances++
    const nanos = this.cpuNanos + this.#others * Date.now() * 1e6
    return { timeMicros: nowMicros(), nanos, queuedNanos: 0 }
  }

  close(): void {}
}

/** A sample every 10 ms, of what the thread did then. */
function windowOf(startMillis: number, endMillis: number): Window {
  const frame = { url: 'file:///app/cart.js', line: 1, column: 1 }
  const stacks = ['work', 'lock'].map((functionName) => ({
    frame: { ...frame, functionName },
    parent: -1,
    lineTicks: [],
  }))
  const samples = []
  for (let millis = startMillis + 4; millis < endMillis; millis += 10) {
    samples.push({ timeMicros: millis * 1000, stack: millis % 100 < 50 ? 0 : 1, idle: false })
  }
  return { startMicros: startMillis * 1000, endMicros: endMillis * 1000, stacks, samples }
}

/** Milliseconds of CPU time by function, of a second. */
async function secondOf(thread: PretendedThread) {
  const meter = new CpuMeter(thread, 10_000)
  await meter.read()
  meter.start()
  const start = Date.now()
  await vi.advanceTimersByTimeAsync(1000)
  const end = await meter.read()
  await vi.advanceTimersByTimeAsync(25)
  const window = windowOf(start, start + 1000)
  const measured = meter.measure(window, end)
  meter.close()
  const of = (stack: number) =>
    window.samples.reduce(
      (sum, sample, i) => sum + (sample.stack === stack ? (measured.cpuNanosOfSample[i] ?? 0) : 0),
      0,
    ) / 1e6
  return { ...measured, work: of(0), lock: of(1) }
}

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a CPU meter', () => {
  it('tells work from waits', async () => {
    const { work, lock, threadCpuNanos, waitingOfSample } = await secondOf(new PretendedThread())
    expect(threadCpuNanos).toBe(500e6)
    expect(work + lock).toBeCloseTo(500, 6)
    expect(lock).toBeLessThan(10)
    expect(waitingOfSample.filter((isWaiting) => isWaiting).length).toBeGreaterThan(40)
  })

  it('takes off what other threads of the process use', async () => {
    const { work, lock } = await secondOf(new PretendedThread({ others: 0.7 }))
    expect(work + lock).toBeCloseTo(500, 6)
    expect(lock).toBeLessThan(10)
  })

  it('takes what the process used, at most an interval a sample, if it knows no better', async () => {
    const alone = await secondOf(new PretendedThread({ knows: false }))
    expect(alone.threadCpuNanos).toBe(undefined)
    expect(alone.work + alone.lock).toBeCloseTo(500, 6)
    expect(alone.lock).toBeLessThan(10)
    const beside = await secondOf(new PretendedThread({ knows: false, others: 2 }))
    expect(beside.work + beside.lock).toBeCloseTo(1000, 6)
  })

  it('loses no CPU time when sampling is started afresh', async () => {
    const meter = new CpuMeter(new PretendedThread(), 10_000)
    await meter.read()
    meter.start()
    await vi.advanceTimersByTimeAsync(300)
    const start = Date.now()
    await meter.read() // Of the start afresh.
    await vi.advanceTimersByTimeAsync(200)
    const end = await meter.read()
    const { threadCpuNanos, cpuNanosOfSample } = meter.measure(windowOf(start, start + 200), end)
    meter.close()
    expect(threadCpuNanos).toBe(250e6)
    expect(cpuNanosOfSample.reduce((sum, nanos) => sum + nanos, 0)).toBeCloseTo(250e6, -1)
  })

  it('reads no more when it is closed', async () => {
    const thread = new PretendedThread()
    const meter = new CpuMeter(thread, 10_000)
    meter.start()
    meter.close()
    await vi.advanceTimersByTimeAsync(1000)
    expect(thread.glances).toBe(1)
  })
})
