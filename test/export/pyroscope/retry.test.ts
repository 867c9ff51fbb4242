import { describe, expect, it } from 'vitest'
import { backoffMillis, retryAfterMillis } from '../../../src/export/pyroscope/retry.ts'

describe('the pause before another try', () => {
  it('may be twice as long each time, up to half a minute', () => {
    const longest = [1, 2, 3, 4, 5, 6, 7, 8, 100].map((failures) =>
      backoffMillis(failures, () => 1),
    )
    expect(longest).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
  })

  it('is anything from nothing up to that', () => {
    expect(backoffMillis(4, () => 0)).toBe(0)
    expect(backoffMillis(4, () => 0.25)).toBe(1000)
    const pauses = Array.from({ length: 100 }, () => backoffMillis(4))
    expect(new Set(pauses).size).toBeGreaterThan(90)
  })
})

describe('Retry-After', () => {
  const now = Date.UTC(2026, 0, 2, 3, 4, 5)

  it.each([
    ['7', 7000],
    ['0', 0],
    ['Fri, 02 Jan 2026 03:04:15 GMT', 10_000],
    ['Fri, 02 Jan 2026 03:00:00 GMT', 0],
    ['soon', undefined],
    ['-5s', undefined],
    [undefined, undefined],
    [['7', '8'], undefined],
  ])('of %j means %s milliseconds', (header, expected) => {
    expect(retryAfterMillis(header, now)).toBe(expected)
  })
})
