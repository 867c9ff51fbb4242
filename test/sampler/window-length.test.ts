import { expect, it } from 'vitest'
import { nextLengthMillis } from '../../src/sampler/window-length.ts'

function settle(pauseMicrosOfLength: (millis: number) => number): number {
  let length = 200
  for (let i = 0; i < 50; i++) length = nextLengthMillis(length, pauseMicrosOfLength(length))
  return length
}

it('grows to a second on small stacks', () => {
  expect(settle(() => 200)).toBe(1000)
})

it('shrinks until the pause fits', () => {
  expect(settle((millis) => 4 * millis)).toBeCloseTo(300, 0)
})

it('never shrinks below a fifth of a second', () => {
  expect(settle(() => 50_000)).toBe(200)
})

it('is not upset by one long pause', () => {
  expect(nextLengthMillis(1000, 30_000)).toBeGreaterThan(500)
})
