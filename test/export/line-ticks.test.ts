import { describe, expect, it } from 'vitest'
import { dealLines } from '../../src/export/line-ticks.ts'

const ticks = (counts: Record<number, number>) =>
  Object.entries(counts).map(([line, count]) => ({ line: Number(line), ticks: count }))

function tally(lines: number[]): Record<number, number> {
  const counts: Record<number, number> = {}
  for (const line of lines) counts[line] = (counts[line] ?? 0) + 1
  return counts
}

describe('lines dealt to samples', () => {
  it.each([
    [{ 10: 3, 12: 2 }],
    [{ 10: 1, 11: 1, 12: 1 }],
    [{ 5: 97, 6: 1, 9: 2 }],
    [{ 1: 7, 2: 11, 3: 13, 4: 17 }],
  ])('are as many of each as V8 counted in %j', (counts) => {
    const samples = Object.values(counts).reduce((a, b) => a + b, 0)
    expect(tally(dealLines(ticks(counts), samples))).toEqual(counts)
  })

  it('are mixed alike in every stretch of samples', () => {
    const lines = dealLines(ticks({ 10: 60, 12: 40 }), 100)
    for (const start of [0, 10, 50, 90]) {
      expect(tally(lines.slice(start, start + 10))).toEqual({ 10: 6, 12: 4 })
    }
  })

  it('shrink in proportion where samples were cut off', () => {
    expect(tally(dealLines(ticks({ 10: 60, 12: 40 }), 50))).toEqual({ 10: 30, 12: 20 })
  })

  it('are unknown where V8 counted none', () => {
    expect(dealLines([], 2)).toEqual([0, 0])
  })
})
