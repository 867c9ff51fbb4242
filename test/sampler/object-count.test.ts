import { describe, expect, it } from 'vitest'
import { objectBytes, objectCount, typicalSampleBytes } from '../../src/sampler/object-count.ts'

const INTERVAL = 524_288

/** Objects of one size. */
interface Objects {
  readonly bytes: number
  readonly number: number
}

/** The same numbers in every run. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state + 0.5) / 2 ** 32
  }
}

/** Walks over all allocated bytes, as V8 does, and samples the object that it comes to rest in. */
function sampledNumber({ bytes, number }: Objects, next: () => number, interval: number): number {
  let sampled = 0
  let at = 0
  for (;;) {
    at += -Math.log(next()) * interval
    const object = Math.floor(at / bytes)
    if (object >= number) return sampled
    sampled++
    at = (object + 1) * bytes
  }
}

/** What V8 tells of a place: whole objects, scaled up one by one, and together by size. */
function sampledPlace(objects: readonly Objects[], next: () => number, interval = INTERVAL) {
  const samples: number[] = []
  let bytes = 0
  for (const each of objects) {
    const sampled = sampledNumber(each, next, interval)
    const scale = 1 / (1 - Math.exp(-each.bytes / interval))
    bytes += each.bytes * Math.floor(sampled * scale + 0.5)
    for (let i = 0; i < sampled; i++) samples.push(each.bytes * Math.floor(scale + 0.5))
  }
  return { bytes, samples }
}

/** The estimate over the truth, over some runs; where others are given, beside those. */
function estimateOver(
  places: readonly (readonly Objects[])[],
  others: readonly Objects[] = [],
): number {
  const runs = 30
  let estimated = 0
  for (let run = 1; run <= runs; run++) {
    const next = random(run * 7919)
    const sampled = places.map((objects) => sampledPlace(objects, next))
    const all = [...sampled, sampledPlace(others, next)].flatMap(({ samples }) => samples)
    const typical = typicalSampleBytes(all, INTERVAL)
    for (const place of sampled) {
      if (place.samples.length > 0) estimated += objectCount(place, INTERVAL, typical)
    }
  }
  return estimated / runs / places.flat().reduce((sum, { number }) => sum + number, 0)
}

/** What the estimate is off by, as a factor, where all objects of a place have this size. */
function factorOff(bytes: number, interval: number): number {
  const runs = 10
  const number = Math.max(200, Math.round(200 / (1 - Math.exp(-bytes / interval))))
  let estimated = 0
  for (let run = 1; run <= runs; run++) {
    const place = sampledPlace([{ bytes, number }], random(run * 7919), interval)
    estimated += objectCount(place, interval, typicalSampleBytes(place.samples, interval))
  }
  const ratio = estimated / runs / number
  return Math.max(ratio, 1 / ratio)
}

function sizesUpTo(end: number): number[] {
  const sizes = []
  for (let bytes = 64; bytes < end; bytes = Math.ceil((bytes * 1.01) / 8) * 8) sizes.push(bytes)
  return sizes
}

const megabytesOf = (bytes: number, megabytes: number): Objects => ({
  bytes,
  number: Math.round((megabytes * 1e6) / bytes),
})

describe('the number of objects', () => {
  it.each([
    16, 24, 32, 40, 48, 56, 64, 88, 128, 264, 1000, 4096, 10_000, 65_536, 300_000, 1_000_000,
  ])('is right where all have %i bytes', (bytes) => {
    const ratio = estimateOver([[megabytesOf(bytes, 200)]])
    expect(ratio).toBeGreaterThan(0.93)
    expect(ratio).toBeLessThan(1.07)
  })

  it.each([INTERVAL, 65_536])('is about right at every size, sampled by %i bytes', (interval) => {
    const wrong = sizesUpTo(1.2 * interval).filter((bytes) => factorOff(bytes, interval) > 1.3)
    expect(wrong).toEqual([])
  })

  it('is not spoilt by large objects elsewhere that most samples are of', () => {
    const small = [{ bytes: 56, number: 100_000 }]
    const ratio = estimateOver([small], [{ bytes: 1_048_576, number: 1000 }])
    expect(ratio).toBeGreaterThan(0.5)
    expect(ratio).toBeLessThan(2)
  })

  it('is not outweighed by some ten thousand bytes that are typical elsewhere', () => {
    const ratio = estimateOver(
      [[{ bytes: 56, number: 100_000 }]],
      [{ bytes: 33_504, number: 6000 }],
    )
    expect(ratio).toBeGreaterThan(0.5)
    expect(ratio).toBeLessThan(2)
  })

  it('is right for a place with large objects alone, whose samples say all', () => {
    const bytes = 1_048_576
    const sample = bytes / (1 - Math.exp(-bytes / INTERVAL))
    const place = { bytes: 3 * sample, samples: [sample, sample, sample] }
    expect(objectCount(place, INTERVAL, INTERVAL + 28)).toBeCloseTo((3 * sample) / bytes, 4)
  })

  it('is about right where a place allocates several sizes', () => {
    const sizes = [16, 32, 32, 40].map((bytes) => megabytesOf(bytes, 40))
    expect(estimateOver([sizes])).toBeGreaterThan(0.85)
    expect(estimateOver([sizes])).toBeLessThan(1.15)
  })

  it('is not spoilt by the large array that holds the objects', () => {
    const objects = megabytesOf(40, 80)
    const ratio = estimateOver([[objects, { bytes: 16_000_000, number: 2 }]])
    expect(ratio).toBeGreaterThan(0.85)
    expect(ratio).toBeLessThan(1.15)
  })

  it('is of the right order where each place has a sample or none', () => {
    const places = Array.from({ length: 400 }, (_, i) => [megabytesOf(16 + 8 * (i % 30), 0.4)])
    expect(estimateOver(places)).toBeGreaterThan(0.5)
    expect(estimateOver(places)).toBeLessThan(2)
  })
})

describe('the size of an object', () => {
  it.each([16, 40, 1000, 100_000, 524_288, 5e6, 1e9])('of %i bytes comes back', (bytes) => {
    const scaled = bytes / (1 - Math.exp(-bytes / INTERVAL))
    expect(objectBytes(scaled, INTERVAL) / bytes).toBeCloseTo(1, 4)
  })

  it('is never under what V8 allocates at least', () => {
    expect(objectBytes(INTERVAL - 1000, INTERVAL)).toBe(16)
  })
})
