import { describe, expect, it } from 'vitest'
import { PauseBudget } from '../../src/thread/pause-budget.ts'

const SECOND = 1e6

/** Pauses whenever it may, asking once a second; the moments at which it did. */
function pausesOf(budget: PauseBudget, seconds: number, pauseMicros: (second: number) => number) {
  const pauses: number[] = []
  for (let second = 1; second <= seconds; second++) {
    if (!budget.affords(pauseMicros(second), second * SECOND)) continue
    budget.spend(pauseMicros(second))
    pauses.push(second)
  }
  return pauses
}

describe('a budget of pauses', () => {
  it('keeps pauses to their share of the time from the start on', () => {
    const pauses = pausesOf(new PauseBudget(0.001, 0), 1000, () => 0.1 * SECOND)
    expect(pauses).toEqual([100, 200, 300, 400, 500, 600, 700, 800, 900, 1000])
  })

  it('allows one pause right after the other where all of the time may be spent', () => {
    const budget = new PauseBudget(1, 0)
    for (let i = 0; i < 3; i++) {
      expect(budget.affords(SECOND, i)).toBe(true)
      budget.spend(SECOND)
    }
  })

  it('does not save up for several pauses', () => {
    const budget = new PauseBudget(0.001, 0)
    expect(budget.affords(0.1 * SECOND, 100_000 * SECOND)).toBe(true)
    budget.spend(0.1 * SECOND)
    expect(budget.affords(0.1 * SECOND, 100_001 * SECOND)).toBe(false)
    expect(budget.affords(0.1 * SECOND, 100_100 * SECOND)).toBe(true)
  })

  it('makes up for a pause that took longer than expected', () => {
    const budget = new PauseBudget(0.001, 0)
    expect(budget.affords(0.1 * SECOND, 100 * SECOND)).toBe(true)
    budget.spend(0.4 * SECOND)
    expect(budget.affords(0.1 * SECOND, 499 * SECOND)).toBe(false)
    expect(budget.affords(0.1 * SECOND, 501 * SECOND)).toBe(true)
  })

  it('waits as much longer as a pause is expected to have become', () => {
    const growing = (second: number) => (second <= 100 ? 0.1 : 0.5) * SECOND
    expect(pausesOf(new PauseBudget(0.001, 0), 1200, growing)).toEqual([100, 600, 1100])
  })
})
