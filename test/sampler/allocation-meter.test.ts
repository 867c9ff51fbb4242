import { getHeapStatistics } from 'node:v8'
import { runInThisContext } from 'node:vm'
import { afterEach, describe, expect, it } from 'vitest'
import { AllocationMeter, stopLeftMeter } from '../../src/sampler/allocation-meter.ts'
import type { Transport } from '../../src/sampler/transport.ts'

/** This thread, asked without an inspector. */
const thisThread: Transport = {
  async send(_method, params) {
    const { expression } = params as { expression: string }
    return { result: { value: runInThisContext(expression) } }
  },
  on() {},
  close() {},
}
const KEY = Symbol.for('spanprof.meter.1')
/** Whether V8 counts by itself, so that nothing runs in the thread. */
const counts = 'total_allocated_bytes' in getHeapStatistics()

let meter = new AllocationMeter(thisThread)
afterEach(() => meter.stop())

const kept: unknown[] = []
function allocate(megabytes: number, { keeps = false } = {}): void {
  // An array and its thousand elements with their header.
  for (let bytes = 0; bytes < megabytes * 1e6; bytes += 16 + 16 + 8000) {
    const array = new Array(1000).fill(bytes)
    if (keeps) kept.push(array)
  }
}

describe('what a thread has allocated', () => {
  it.each([
    ['garbage, over hundreds of collections', 400, false],
    ['what stays in use', 50, true],
    ['less than a collection is worth', 5, false],
  ])('is metered: %s', async (_, megabytes, keeps) => {
    meter = new AllocationMeter(thisThread)
    const before = await meter.allocatedBytes()
    allocate(megabytes, { keeps })
    const allocated = (await meter.allocatedBytes()) - before
    kept.length = 0
    expect(allocated / 1e6).toBeGreaterThan(0.97 * megabytes)
    expect(allocated / 1e6).toBeLessThan(1.1 * megabytes + 1)
  })

  it('adds up from look to look', async () => {
    meter = new AllocationMeter(thisThread)
    const before = await meter.allocatedBytes()
    for (let i = 0; i < 10; i++) {
      allocate(20)
      await meter.allocatedBytes()
    }
    const allocated = (await meter.allocatedBytes()) - before
    expect(allocated / 1e6).toBeGreaterThan(0.97 * 200)
    expect(allocated / 1e6).toBeLessThan(1.1 * 200)
  })

  it('is an error where the thread cannot tell', async () => {
    const silent = { ...thisThread, send: async () => ({ result: {} }) }
    await expect(new AllocationMeter(silent).allocatedBytes()).rejects.toThrow('cannot be metered')
  })
})

describe('a meter that is stopped', () => {
  it.each([
    ['by whoever started it', () => meter.stop()],
    ['when that is gone', stopLeftMeter],
  ])('%s leaves nothing in the thread, and may be stopped again', async (_, stop) => {
    meter = new AllocationMeter(thisThread)
    await meter.allocatedBytes()
    expect(KEY in globalThis).toBe(!counts)
    await stop()
    expect(KEY in globalThis).toBe(false)
    await stop()
  })
})
