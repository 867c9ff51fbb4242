import { describe, expect, it } from 'vitest'
import type { Window } from '../../src/sample.ts'
import { isStuck, toWindow } from '../../src/sampler/window.ts'
import { callTree, profileOf } from './v8-profiles.ts'

const nodes = callTree({ 'main;work;deep': 2, 'main;other': 1, '(idle)': 1 })
const profile = profileOf(nodes, 1_000, [
  [11_000, 'deep'],
  [21_000, 'other'],
  [31_000, '(idle)'],
  [41_000, 'deep'],
])

function stackOf({ stacks }: Window, stack: number): string[] {
  const names: string[] = []
  for (let at = stacks[stack]; at; at = stacks[at.parent]) names.push(at.frame.functionName)
  return names
}

it('turns V8’s call tree into stacks by parent, without V8’s root', () => {
  const window = toWindow(profile, 0, 100_000)
  expect(window.samples.map(({ stack }) => stackOf(window, stack))).toEqual([
    ['deep', 'work', 'main'],
    ['other', 'main'],
    ['(idle)'],
    ['deep', 'work', 'main'],
  ])
})

it('puts a parent before its children', () => {
  const { stacks } = toWindow(profile, 0, 100_000)
  stacks.forEach(({ parent }, index) => {
    expect(parent).toBeLessThan(index)
  })
})

it('says which samples found the thread waiting', () => {
  const { samples } = toWindow(profile, 0, 100_000)
  expect(samples.map(({ idle }) => idle)).toEqual([false, false, true, false])
})

it('counts lines and columns from 1, and 0 for none', () => {
  const { stacks } = toWindow(profile, 0, 100_000)
  expect(stacks[0]?.frame).toMatchObject({ functionName: 'main', line: 2, column: 5 })
  const none = callTree({ work: 1 }).map((node) => ({
    ...node,
    callFrame: { ...node.callFrame, lineNumber: -1, columnNumber: -1 },
  }))
  const window = toWindow(profileOf(none, 0, [[1, 'work']]), 0, 100)
  expect(window.stacks[0]?.frame).toMatchObject({ line: 0, column: 0 })
})

it('takes no line from a function without a file, where V8 gives its caller’s', () => {
  const native = callTree({ '(native)': 1 }).map((node) => ({
    ...node,
    positionTicks: [{ line: 247, ticks: 1 }],
  }))
  const { stacks } = toWindow(profileOf(native, 0, [[1, '(native)']]), 0, 100)
  expect(stacks[0]).toMatchObject({ frame: { line: 0, column: 0 }, lineTicks: [] })
})

describe('the trim', () => {
  it('takes the start and leaves the end, so that neighbours share no sample and lose none', () => {
    const first = toWindow(profile, 1_000, 21_000)
    const second = toWindow(profile, 21_000, 41_000)
    const third = toWindow(profile, 41_000, 51_000)
    const times = [first, second, third].map(({ samples }) =>
      samples.map(({ timeMicros }) => timeMicros),
    )
    expect(times).toEqual([[11_000], [21_000, 31_000], [41_000]])
  })
})

describe('a stuck sampler', () => {
  const empty: Window = { startMicros: 0, endMicros: 500_000, stacks: [], samples: [] }

  it('is one that saw nothing of a busy thread', () => {
    expect(isStuck(empty, 10_000, 400e6)).toBe(true)
  })

  it('is also told where the CPU time is not known', () => {
    expect(isStuck(empty, 10_000, undefined)).toBe(true)
  })

  it('is not one that saw nothing of a thread that stood still', () => {
    expect(isStuck(empty, 10_000, 1e6)).toBe(false)
  })

  it('is not told from a window of a few intervals', () => {
    expect(isStuck({ ...empty, endMicros: 100_000 }, 10_000, 100e6)).toBe(false)
  })

  it('is not told from a time in which its thread may have waited for a processor', () => {
    expect(isStuck({ ...empty, endMicros: 190_000 }, 1000, 190e6)).toBe(false)
    expect(isStuck({ ...empty, endMicros: 200_000 }, 1000, 200e6)).toBe(true)
  })

  it('is one whose samples only ever hit V8’s root', () => {
    const root = callTree({})
    const hit = root.map((node) => ({ ...node, hitCount: 30 }))
    const entries = Array.from({ length: 30 }, (_, i) => [(i + 1) * 10_000, '(root)'] as const)
    const window = toWindow(profileOf(hit, 0, entries), 0, 500_000)
    expect(isStuck(window, 10_000, 400e6)).toBe(true)
  })
})
