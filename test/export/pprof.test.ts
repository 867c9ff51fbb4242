import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { encodePprof } from '../../src/export/pprof.ts'
import type { Profile } from '../../src/export/profile.ts'
import { stripFilenames } from '../../src/export/stripped-files.ts'
import { decodeProfile, total } from '../decoded-profile.ts'
import { fold, type Given, windowOf } from './windows.ts'

const GIVEN: Given[] = [
  { stack: 'main;checkout;price', labels: ['tenant', 'acme'], cpuNanos: 9_999_999.6 },
  { stack: 'main;checkout;price', labels: ['tenant', 'globex'], cpuNanos: 10e6 },
  { stack: 'main;checkout', labels: ['route', '/cart', 'tenant', 'acme'], cpuNanos: 5e6 },
  { stack: 'main;checkout;price', labels: ['tenant', 'acme'], cpuNanos: 10_000_000.4 },
  { stack: '(garbage collector)', cpuNanos: 1e6 },
  { stack: 'main;', cpuNanos: 2e6 },
]

const decode = (profile: Profile) => decodeProfile(encodePprof(profile))
const decoded = decode(fold(windowOf(GIVEN)))

describe('a CPU profile in pprof’s format', () => {
  it('has the types that Go’s CPU profiles have', () => {
    expect(decoded.sampleTypes).toEqual(['samples/count', 'cpu/nanoseconds'])
    expect(decoded.periodType).toBe('cpu/nanoseconds')
    expect(decoded.period).toBe(10_000_000)
    expect(decoded.defaultSampleType).toBe('cpu')
  })

  it('says when it began and how long it is', () => {
    expect(decoded.timeNanos).toBe(BigInt(Date.UTC(2026, 0, 2, 3, 4, 5, 678)) * 1_000_000n)
    expect(decoded.durationNanos).toBe(1e9)
  })

  it('keeps every sample and every nanosecond', () => {
    expect(total(decoded.samples, 'count')).toBe(GIVEN.length)
    expect(total(decoded.samples, 'cpuNanos')).toBe(38e6)
  })

  it('has stacks with the innermost frame first, and labels', () => {
    expect(decoded.samples).toContainEqual(
      expect.objectContaining({
        stack: ['price', 'checkout', 'main'],
        labels: { tenant: 'acme' },
        count: 2,
      }),
    )
  })

  it('names an anonymous function by its place, and V8’s own frames as V8 does', () => {
    const names = decoded.samples.flatMap(({ stack }) => stack)
    expect(names).toContain('(anonymous cart.js:1)')
    expect(names).toContain('(garbage collector)')
  })

  it('says where functions are, as paths', () => {
    const price = decoded.samples.flatMap(({ locations }) => locations)
    expect(price).toContainEqual({
      name: 'price',
      systemName: 'price',
      file: '/app/cart.js',
      startLine: 5,
      line: 5,
    })
  })

  it('says in comments what made it, and how many stacks V8 has cut', () => {
    const { version } = JSON.parse(
      readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
    )
    expect(decoded.comments).toEqual([
      `spanprof ${version}`,
      `Node.js ${process.version}`,
      'truncated stacks: 0',
    ])
  })

  it('leaves out a file that is stripped, and nothing else', () => {
    const profile = fold(windowOf(GIVEN))
    const stripped = { ...profile, locations: stripFilenames(profile.locations, 'all') }
    const { samples, strings } = decode(stripped)
    expect(strings).not.toContain('/app/cart.js')
    expect(samples.map(({ stack }) => stack)).toEqual(decoded.samples.map(({ stack }) => stack))
  })

  it('begins its string table with the empty string, and holds each string once', () => {
    expect(decoded.strings[0]).toBe('')
    expect(new Set(decoded.strings).size).toBe(decoded.strings.length)
  })
})

describe('tags', () => {
  const tagged = { ...fold(windowOf(GIVEN)), tags: ['region', 'eu', 'tenant', 'none'] }

  it('are labels of every sample, and give way to a sample’s own', () => {
    for (const { labels } of decode(tagged).samples) expect(labels.region).toBe('eu')
    const tenants = decode(tagged).samples.map(({ labels }) => labels.tenant)
    expect([...new Set(tenants)].sort()).toEqual(['acme', 'globex', 'none'])
  })
})

describe('the same data', () => {
  const bytes = (...windows: Given[][]) => encodePprof(fold(...windows.map((w) => windowOf(w))))

  it('gives the same bytes twice', () => {
    expect(bytes(GIVEN)).toEqual(bytes(GIVEN))
  })

  it('gives the same bytes in whatever order it came', () => {
    const shuffled = [5, 2, 4, 0, 1, 3].map((i) => GIVEN[i] as Given)
    expect(bytes(shuffled)).toEqual(bytes(GIVEN))
    expect(bytes(GIVEN.slice(3), GIVEN.slice(0, 3))).toEqual(bytes(GIVEN))
  })

  it('gives other bytes when one value differs', () => {
    const changed = GIVEN.map((sample, i) => (i === 2 ? { ...sample, cpuNanos: 6e6 } : sample))
    expect(bytes(changed)).not.toEqual(bytes(GIVEN))
  })
})

it('takes names and labels of any kind', () => {
  const odd = 'a\n\0"\ud800€😀'
  const { samples } = decode(fold(windowOf([{ stack: odd, labels: ['k', odd] }])))
  expect(samples[0]?.stack).toEqual(['a\n\0"\ufffd€😀'])
  expect(samples[0]?.labels).toEqual({ k: 'a\n\0"\ufffd€😀' })
})

it('encodes a profile without samples', () => {
  expect(decode(fold()).samples).toEqual([])
})
