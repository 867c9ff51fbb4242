import { describe, expect, it } from 'vitest'
import { timerSamples } from '../../src/sampler/timer-samples.ts'
import { callTree, profileOf, recorded } from './v8-profiles.ts'

describe.each([20, 22, 24, 26] as const)('samples recorded on Node %i', (line) => {
  const profile = recorded(line)
  const hits = profile.nodes.reduce((sum, { hitCount = 0 }) => sum + hitCount, 0)

  it('are as many as the timer hit', () => {
    expect(profile.samples?.length).toBeGreaterThan(hits)
    expect(timerSamples(profile)).toHaveLength(hits)
  })

  it('are of each node as many as the timer hit it', () => {
    const samples = timerSamples(profile)
    for (const { id, hitCount = 0 } of profile.nodes) {
      expect(samples.filter(({ nodeId }) => nodeId === id)).toHaveLength(hitCount)
    }
  })

  it('come in order of time, about one interval apart', () => {
    const times = timerSamples(profile).map(({ timeMicros }) => timeMicros)
    const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0))
    expect(Math.min(...gaps)).toBeGreaterThan(0)
    const median = gaps.sort((a, b) => a - b)[gaps.length >> 1] ?? 0
    expect(median).toBeGreaterThan(9_000)
    expect(median).toBeLessThan(11_500)
  })
})

describe('entries that are not the timer’s', () => {
  const nodes = callTree({ 'main;work': 2 })

  it('are dropped where they follow another closely', () => {
    const profile = profileOf(nodes, 0, [
      [10_000, 'work'],
      [10_040, 'work'],
      [20_000, 'work'],
      [20_015, 'work'],
    ])
    expect(timerSamples(profile).map(({ timeMicros }) => timeMicros)).toEqual([10_000, 20_000])
  })

  it('are dropped at the profile’s start', () => {
    const profile = profileOf(nodes, 5_000, [
      [5_001, 'work'],
      [15_000, 'work'],
      [25_000, 'work'],
    ])
    expect(timerSamples(profile).map(({ timeMicros }) => timeMicros)).toEqual([15_000, 25_000])
  })

  it('are all dropped in a node that the timer never hit', () => {
    const profile = profileOf(callTree({ 'main;work': 0 }), 0, [[10_000, 'work']])
    expect(timerSamples(profile)).toEqual([])
  })
})

it('leaves out hits that have no entry, as the window before has them', () => {
  const nodes = callTree({ 'main;work': 3 })
  const profile = profileOf(nodes, 0, [
    [10_000, 'work'],
    [30_000, 'work'],
  ])
  expect(timerSamples(profile).map(({ timeMicros }) => timeMicros)).toEqual([10_000, 30_000])
})

it('sorts by absolute time where deltas are negative', () => {
  const nodes = callTree({ 'main;work': 3 })
  const profile = profileOf(nodes, 0, [
    [10_000, 'work'],
    [30_000, 'work'],
    [20_000, 'work'],
  ])
  expect(timerSamples(profile).map(({ timeMicros }) => timeMicros)).toEqual([
    10_000, 20_000, 30_000,
  ])
})

it('finds nothing in a profile without samples', () => {
  expect(timerSamples({ nodes: callTree({}), startTime: 0, endTime: 1 })).toEqual([])
})
