import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Profile } from '../../src/export/profile.ts'
import type { Transport } from '../../src/sampler/transport.ts'
import { Counters } from '../../src/thread/counters.ts'
import type { Finish } from '../../src/thread/finish.ts'
import { HeapProfiles } from '../../src/thread/heap-profiles.ts'
import { HeapProfiling } from '../../src/thread/heap-profiling.ts'

const config = {
  appName: 'shop',
  tags: [],
  heap: { samplingIntervalBytes: 1024, stackDepth: 64, allocations: false, maxPausePercent: 0.1 },
  sources: { sourceMaps: false, stripFilenames: undefined, shortenPaths: false },
}
const pull = { ...config, fresh: false }
const encoded: string[] = []
const finish = {
  encode: async ({ period }: Profile, _sources: object, names: string) => {
    encoded.push(names)
    return Uint8Array.of(period)
  },
} as unknown as Finish

/** A heap of which each reading is another byte. */
function heap() {
  let reading = 0
  const read = async (): Promise<Profile | undefined> => ({ period: ++reading }) as Profile
  const empty = () => ({ period: 99 }) as Profile
  return { collects, empty, now: vi.fn(read), next: vi.fn(read), stop: vi.fn(async () => {}) }
}

let started: ReturnType<typeof heap>[]
let heaps: HeapProfiles
let collects: boolean

beforeEach(() => {
  started = []
  collects = false
  encoded.length = 0
  vi.spyOn(HeapProfiling, 'start').mockImplementation(async () => {
    const profiling = heap()
    started.push(profiling)
    return profiling as Partial<HeapProfiling> as HeapProfiling
  })
  heaps = new HeapProfiles({
    transport: {} as Transport,
    finish,
    counters: new Counters(),
    log() {},
  })
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('a heap that is pulled', () => {
  it('is read at the first pull where that collects nothing, and named by places', async () => {
    expect(await heaps.pull(pull)).toEqual({ bytes: Uint8Array.of(1), ageMillis: 0, unread: false })
    expect(started[0]?.now).toHaveBeenCalledOnce()
    expect(started[0]?.next).not.toHaveBeenCalled()
    expect(encoded).toEqual(['placed'])
  })

  it('is not read at the first pull where that collects, but empty, and says so', async () => {
    collects = true
    const unread = { bytes: Uint8Array.of(99), unread: true }
    expect(await heaps.pull(pull)).toEqual({ ...unread, ageMillis: 0 })
    expect(started[0]?.now).not.toHaveBeenCalled()
    started[0]?.next.mockResolvedValueOnce(undefined)
    expect(await heaps.pull(pull)).toMatchObject(unread)
    expect(await heaps.pull(pull)).toMatchObject({ bytes: Uint8Array.of(1), unread: false })
  })

  it('is read at the first pull where it is a profiler’s, or has to be fresh', async () => {
    collects = true
    const read = { bytes: Uint8Array.of(1), unread: false }
    expect(await heaps.pull({ ...pull, fresh: true })).toMatchObject(read)
    await heaps.start(config)
    expect(await heaps.pull(pull)).toMatchObject(read)
    expect(started[1]?.now).toHaveBeenCalledOnce()
  })

  it('is read afterwards when the pauses allow it, and given as it was in between', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'Date'] })
    await heaps.pull(pull)
    vi.advanceTimersByTime(15_000)
    vi.setSystemTime(0) // The wall clock steps back.
    started[0]?.next.mockResolvedValueOnce(undefined)
    expect(await heaps.pull(pull)).toEqual({
      bytes: Uint8Array.of(1),
      ageMillis: 15_000,
      unread: false,
    })
    vi.advanceTimersByTime(15_000)
    expect(await heaps.pull(pull)).toEqual({ bytes: Uint8Array.of(2), ageMillis: 0, unread: false })
    expect(started[0]?.now).toHaveBeenCalledOnce()
  })

  it('is read at once where it has to be fresh', async () => {
    await heaps.pull(pull)
    const fresh = { ...pull, fresh: true }
    expect(await heaps.pull(fresh)).toEqual({
      bytes: Uint8Array.of(2),
      ageMillis: 0,
      unread: false,
    })
    expect(started[0]?.next).not.toHaveBeenCalled()
  })

  it('is none where somebody else samples it', async () => {
    vi.mocked(HeapProfiling.start).mockImplementationOnce(async () => {
      const profiling = { ...heap(), now: async () => undefined }
      return profiling as Partial<HeapProfiling> as HeapProfiling
    })
    expect(await heaps.pull(pull)).toBeUndefined()
  })

  it('is sampled once, whoever pulls at the same time', async () => {
    await Promise.all([heaps.pull(pull), heaps.pull(pull)])
    expect(started).toHaveLength(1)
  })

  it('is the one of a profiler, and goes on with it', async () => {
    await heaps.start(config)
    await heaps.pull(pull)
    await heaps.stop('pull')
    expect(started).toHaveLength(1)
    expect(started[0]?.stop).not.toHaveBeenCalled()
    await heaps.stop('profiler')
    expect(started[0]?.stop).toHaveBeenCalledOnce()
  })

  it('is read at once where a profiler takes allocations, which are read for its sinks', async () => {
    await heaps.start({ ...config, heap: { ...config.heap, allocations: true } })
    await heaps.pull(pull)
    await heaps.pull(pull)
    expect(started[0]?.now).toHaveBeenCalledTimes(2)
    expect(started[0]?.next).not.toHaveBeenCalled()
  })
})

describe('a heap that is sampled for pulls', () => {
  it('is sampled anew for a profiler', async () => {
    await heaps.pull(pull)
    await heaps.start(config)
    expect(started).toHaveLength(2)
    expect(started[0]?.stop).toHaveBeenCalledOnce()
  })

  it('is no profiler’s', async () => {
    await heaps.pull(pull)
    expect(await heaps.now()).toBeUndefined()
  })

  it('shows nothing of before when it is sampled again', async () => {
    await heaps.pull(pull)
    await heaps.stop('pull')
    await heaps.pull(pull)
    expect(started[1]?.now).toHaveBeenCalledOnce()
    expect(started[1]?.next).not.toHaveBeenCalled()
  })

  it('is sampled no more after its end', async () => {
    await heaps.pull(pull)
    await heaps.stop('pull')
    expect(started[0]?.stop).toHaveBeenCalledOnce()
  })
})

describe('a profiler’s heap', () => {
  it('is given on request, with names as in files', async () => {
    expect(await heaps.now()).toBeUndefined()
    await heaps.start(config)
    expect(await heaps.now()).toEqual(Uint8Array.of(1))
    expect(encoded).toEqual(['plain'])
  })
})
