import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Profile } from '../../src/export/profile.ts'
import type { HeapProfiling } from '../../src/thread/heap-profiling.ts'
import { PulledHeap } from '../../src/thread/pulled-heap.ts'

/** A heap of which each reading is another byte. */
function pulledHeap({ isOwn = true } = {}) {
  let reading = 0
  const read = async (): Promise<Profile | undefined> => ({ period: ++reading }) as Profile
  const profiling = { now: vi.fn(read), next: vi.fn(read), stop: vi.fn(async () => {}) }
  const heap = new PulledHeap(profiling as Partial<HeapProfiling> as HeapProfiling, {
    isOwn,
    encode: async ({ period }) => Uint8Array.of(period),
  })
  return { heap, profiling }
}

afterEach(() => {
  vi.useRealTimers()
})

describe('a heap that is pulled', () => {
  it('is read at the first pull, whatever the pause', async () => {
    const { heap, profiling } = pulledHeap()
    expect(await heap.take(false)).toEqual({ bytes: Uint8Array.of(1), ageMillis: 0 })
    expect(profiling.now).toHaveBeenCalledOnce()
    expect(profiling.next).not.toHaveBeenCalled()
  })

  it('is read afterwards when the pauses allow it, and given as it was in between', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const { heap, profiling } = pulledHeap()
    await heap.take(false)
    vi.setSystemTime(Date.now() + 15_000)
    profiling.next.mockResolvedValueOnce(undefined)
    expect(await heap.take(false)).toEqual({ bytes: Uint8Array.of(1), ageMillis: 15_000 })
    vi.setSystemTime(Date.now() + 15_000)
    expect(await heap.take(false)).toEqual({ bytes: Uint8Array.of(2), ageMillis: 0 })
    expect(profiling.now).toHaveBeenCalledOnce()
  })

  it('is read at once where it has to be fresh', async () => {
    const { heap, profiling } = pulledHeap()
    await heap.take(false)
    expect(await heap.take(true)).toEqual({ bytes: Uint8Array.of(2), ageMillis: 0 })
    expect(profiling.next).not.toHaveBeenCalled()
  })

  it('is none where somebody else samples it', async () => {
    const { heap, profiling } = pulledHeap()
    profiling.now.mockResolvedValue(undefined)
    expect(await heap.take(false)).toBeUndefined()
  })

  it.each([true, false])('stops sampling at its end where it was its own: %s', async (isOwn) => {
    const { heap, profiling } = pulledHeap({ isOwn })
    await heap.close()
    expect(profiling.stop).toHaveBeenCalledTimes(isOwn ? 1 : 0)
  })
})
