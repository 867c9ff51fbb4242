import { describe, expect, it } from 'vitest'
import { type HeapProfileOptions, toHeapProfile } from '../../src/export/heap-profile.ts'
import { encodePprof } from '../../src/export/pprof.ts'
import type { AllocationSite, Frame } from '../../src/sample.ts'
import { type DecodedProfile, decodeProfile } from '../decoded-profile.ts'

const OWN_FILE = new URL('../../src/labels/agent.ts', import.meta.url).href

function frame(functionName: string, url = '/app/cart.js'): Frame {
  return { functionName, url, line: url && 10, column: url && 5 } as Frame
}

function site(frames: readonly (string | Frame)[], objects = 1, bytes = 100): AllocationSite {
  const whole = frames.map((each) => (typeof each === 'string' ? frame(each) : each))
  return { frames: whole, objects, bytes }
}

function decoded(
  sites: readonly AllocationSite[],
  options: Partial<HeapProfileOptions> = {},
): DecodedProfile {
  const profile = toHeapProfile(sites, {
    type: 'heap',
    appName: 'shop',
    tags: ['region', 'eu'],
    startTimeMillis: 1_700_000_000_000,
    durationNanos: 15e9,
    samplingIntervalBytes: 524_288,
    stackDepth: 64,
    ...options,
  })
  return decodeProfile(encodePprof(profile))
}

const stacksOf = ({ samples }: DecodedProfile) => samples.map(({ stack }) => stack.join(' < '))

describe('a heap profile', () => {
  it('holds objects and bytes of each stack, the innermost function first', () => {
    const profile = decoded([site(['main', 'total'], 3, 120), site(['main', 'tax'], 1, 64)])
    expect(profile.sampleTypes).toEqual(['inuse_objects/count', 'inuse_space/bytes'])
    expect(profile.samples.map(({ stack, values }) => ({ stack, values }))).toEqual([
      { stack: ['tax', 'main'], values: { inuse_objects: 1, inuse_space: 64 } },
      { stack: ['total', 'main'], values: { inuse_objects: 3, inuse_space: 120 } },
    ])
  })

  it('shows bytes first, and says what it was sampled by', () => {
    const profile = decoded([site(['main'])], { samplingIntervalBytes: 4096 })
    expect(profile).toMatchObject({
      defaultSampleType: 'inuse_space',
      periodType: 'space/bytes',
      period: 4096,
      binary: 'shop',
    })
    expect(profile.samples[0]?.labels).toEqual({ region: 'eu' })
  })

  it('of allocations says so', () => {
    const profile = decoded([site(['main'])], { type: 'alloc' })
    expect(profile.sampleTypes).toEqual(['alloc_objects/count', 'alloc_space/bytes'])
    expect(profile.periodType).toBe('space/bytes')
  })

  it('keeps the innermost frames of a stack', () => {
    const profile = decoded([site(['a', 'b', 'c', 'd'], 1, 10), site(['x', 'b', 'c', 'd'], 2, 5)], {
      stackDepth: 2,
    })
    expect(stacksOf(profile)).toEqual(['d < c'])
    expect(profile.samples[0]?.values).toEqual({ inuse_objects: 3, inuse_space: 15 })
  })

  it('puts what spanprof allocated under one frame, off the app’s stacks', () => {
    const profile = decoded([
      site(['main', frame('run', OWN_FILE)], 1, 10),
      site(['main', frame('observe', OWN_FILE), frame('run', 'node:async_hooks')], 1, 20),
      site([frame('', 'spanprof:heap')], 1, 30),
    ])
    expect(stacksOf(profile)).toEqual(['(spanprof)'])
    expect(profile.samples[0]?.values).toEqual({ inuse_objects: 3, inuse_space: 60 })
  })

  it('leaves spanprof’s frames out between those of the app', () => {
    const profile = decoded([
      site([
        'main',
        frame('withLabels', OWN_FILE),
        frame('run', 'node:internal/async_local_storage/async_hooks'),
        'work',
      ]),
    ])
    expect(stacksOf(profile)).toEqual(['work < main'])
  })
})
