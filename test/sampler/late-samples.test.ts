import { expect, it } from 'vitest'
import { lateSamples } from '../../src/sampler/late-samples.ts'

function lateAmong(...millis: number[]): number {
  const samples = millis.map((each) => ({ timeMicros: each * 1000, stack: 0, idle: false }))
  return lateSamples({ startMicros: 0, endMicros: 1_000_000, stacks: [], samples }, 10_000)
}

it('counts samples that come long after the one before, or after the window’s start', () => {
  expect(lateAmong(10, 20, 46, 56, 156)).toBe(2)
  expect(lateAmong(26)).toBe(1)
})

it('counts no sample that came in time, or after one that V8 failed to take', () => {
  expect(lateAmong(10, 20, 30, 50, 60)).toBe(0)
  expect(lateAmong()).toBe(0)
})
