import { describe, expect, it } from 'vitest'
import { encodePprof } from '../../src/export/pprof.ts'
import { truncatedSamples } from '../../src/export/truncated-stacks.ts'
import { decodeProfile, total } from '../decoded-profile.ts'
import { fold, type Given, windowOf } from './windows.ts'

/** A stack, its outermost frame first, in which a function calls itself. */
const recursion = (before: string, times: number, after = 'work') =>
  [...before.split(';').filter(Boolean), ...Array(times).fill('walk'), after].join(';')

function rootsOf(...stacks: string[]): string[] {
  const given: Given[] = stacks.map((stack) => ({ stack }))
  const { samples } = decodeProfile(encodePprof(fold(windowOf(given))))
  return samples.map(({ stack }) => `${stack.at(-1)} ${stack.length}`).sort()
}

describe('a deep stack', () => {
  it('that begins in the middle of a recursion begins with (truncated)', () => {
    expect(rootsOf(recursion('', 254))).toEqual(['(truncated) 256'])
  })

  it('is truncated however few of its frames V8 shows, and however many', () => {
    expect(rootsOf(recursion('', 85))).toEqual(['(truncated) 87'])
    expect(rootsOf(recursion('', 900))).toEqual(['(truncated) 902'])
  })

  it('that begins with a function seen with a caller elsewhere is truncated', () => {
    const roots = rootsOf('listOnTimeout;render;walk', recursion('render', 254))
    expect(roots).toEqual(['(truncated) 257', 'listOnTimeout 3'])
  })

  it('is whole where shorter ones begin with the same function', () => {
    expect(rootsOf('walk;work', recursion('', 254))).toEqual(['walk 2', 'walk 255'])
  })

  it('is whole where much longer ones are on the same path', () => {
    // As in a handler after an await, which was called before it.
    const called = 'listOnTimeout;handler;work'
    const [shorter, longer] = [recursion('handler', 80, 'walk'), recursion('handler', 120, 'walk')]
    const roots = rootsOf(called, shorter, longer)
    expect(roots).toEqual(['handler 122', 'handler 82', 'listOnTimeout 3'])
  })

  it('is whole where nothing is known of the function that it begins with', () => {
    expect(rootsOf(recursion('main', 253))).toEqual(['main 255'])
  })

  it('is not proved whole by a single frame, whose callers V8 did not find', () => {
    expect(rootsOf('walk', recursion('', 254))).toEqual(['(truncated) 2', '(truncated) 256'])
  })
})

it('a recursion that is not deep is whole', () => {
  expect(rootsOf(recursion('', 40))).toEqual(['walk 41'])
})

describe('a profile with truncated stacks', () => {
  const given: Given[] = [
    { stack: recursion('', 254), labels: ['tenant', 'acme'], cpuNanos: 3e6 },
    { stack: recursion('', 254), labels: ['tenant', 'acme'], cpuNanos: 4e6 },
    { stack: recursion('main', 253), labels: ['tenant', 'globex'], cpuNanos: 5e6 },
    { stack: '(garbage collector)', cpuNanos: 1e6 },
  ]
  const profile = fold(windowOf(given))
  const decoded = decodeProfile(encodePprof(profile))

  it('keeps its totals and labels', () => {
    expect(total(decoded.samples, 'count')).toBe(4)
    expect(total(decoded.samples, 'cpuNanos')).toBe(13e6)
    expect(decoded.samples).toContainEqual(
      expect.objectContaining({ labels: { tenant: 'acme' }, count: 2, cpuNanos: 7e6 }),
    )
  })

  it('counts them, and says so in a comment', () => {
    expect(truncatedSamples(profile)).toBe(2)
    expect(decoded.comments).toContain('truncated stacks: 2')
  })
})
