import { expect, it } from 'vitest'
import { moveLocations } from '../../src/export/moved-locations.ts'
import { toPprof } from '../../src/export/pprof.ts'
import { fold, windowOf } from './windows.ts'

const GIVEN = windowOf([
  { stack: 'main;a;work', labels: ['tenant', 'acme'], cpuNanos: 1 },
  { stack: 'main;b;work', labels: ['tenant', 'acme'], cpuNanos: 2 },
  { stack: 'main;b;work', labels: ['tenant', 'globex'], cpuNanos: 4 },
  { stack: 'main;b', cpuNanos: 8 },
])
const profile = fold(GIVEN)
const renamed = profile.locations.map((location) =>
  /^[ab]$/.test(location.frame.functionName)
    ? { frame: { ...location.frame, functionName: 'total', url: 'cart.ts' }, line: 7 }
    : location,
)

const valuesOf = ({ samples }: typeof profile) => samples.map(({ values }) => values)

it('folds stacks that have become the same, and keeps their sums', () => {
  const moved = moveLocations(profile, renamed)
  expect(valuesOf(moved)).toEqual([
    [2, 3],
    [1, 4],
    [1, 8],
  ])
  expect(moved.stacks).toHaveLength(3)
  expect(moved.locations).toHaveLength(3)
  expect(moved.labelSets).toEqual(profile.labelSets)
})

it('keeps a profile whose places stay', () => {
  expect(moveLocations(profile, [...profile.locations])).toBe(profile)
  expect(moveLocations(profile, structuredClone(profile.locations))).toEqual(profile)
})

it('does not change what it is given', () => {
  const before = structuredClone(profile)
  toPprof(moveLocations(profile, renamed)).encode()
  expect(profile).toEqual(before)
})
