import { describe, expect, it } from 'vitest'
import type { Window } from '../../src/sample.ts'
import { CpuActivity } from '../../src/sampler/cpu-activity.ts'
import { type CpuCarry, NO_CARRY, spreadCpuTime } from '../../src/sampler/cpu-time.ts'

const INTERVAL_NANOS = 10e6

/** Samples at the middle of each 10 ms, each of a function or `idle`. */
function windowOf(...functions: string[]): Window {
  const names = [...new Set(functions)]
  return {
    startMicros: 0,
    endMicros: functions.length * 10_000,
    stacks: names.map((functionName) => ({
      frame: { functionName, url: 'file:///app/cart.js', line: 1, column: 1 },
      parent: -1,
      lineTicks: [],
    })),
    samples: functions.map((name, i) => ({
      timeMicros: i * 10_000 + 5000,
      stack: names.indexOf(name),
      idle: name === 'idle',
    })),
  }
}

/** The CPU time that was used around each sample, in milliseconds. */
function activityOf(...millis: number[]): CpuActivity {
  let nanos = 0
  const readings = millis.map((used, i) => {
    nanos += used * 1e6
    return { timeMicros: (i + 1) * 10_000, nanos }
  })
  return new CpuActivity([{ timeMicros: 0, nanos: 0 }, ...readings])
}

function spread(functions: string[], used: number[], carry: CpuCarry = NO_CARRY) {
  const nanos = sum(used) * 1e6
  const spread = spreadCpuTime(
    windowOf(...functions),
    { nanos, activity: activityOf(...used) },
    INTERVAL_NANOS,
    carry,
  )
  const millis = spread.cpuNanosOfSample.map((each) => each / 1e6)
  const of = (name: string) => sum(millis.filter((_, i) => functions[i] === name))
  return { ...spread, millis, of }
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

describe('CPU time', () => {
  it('of a busy thread goes to its samples alike', () => {
    const { millis } = spread(['work', 'other', 'work'], [9.9, 9.9, 9.9])
    for (const each of millis) expect(each).toBeCloseTo(9.9, 9)
  })

  it('is not billed to a wait', () => {
    const functions = ['work', 'work', 'work', 'lock', 'lock', 'lock', 'work', 'work', 'work']
    const { of } = spread(functions, [10, 10, 6, 0, 0, 0, 4, 10, 10])
    expect(of('lock')).toBe(0)
    expect(of('work')).toBeCloseTo(50, 9)
  })

  it('goes to the code that used it where work and waits are shorter than two intervals', () => {
    // 15 ms each: the borders are in the middle of an interval.
    const functions = ['work', 'work', 'lock', 'work', 'work', 'lock', 'work', 'work', 'lock']
    const { of } = spread(functions, [10, 5, 0, 10, 5, 0, 10, 5, 0])
    expect(of('lock')).toBe(0)
  })

  it('is shared out within a function by what was used at each sample', () => {
    const { millis } = spread(new Array(6).fill('work'), [10, 10, 10, 0, 0, 0])
    expect(sum(millis.slice(0, 3))).toBe(30)
    expect(sum(millis.slice(3))).toBe(0)
  })

  it('that a wait did use is in it', () => {
    const [locked, used] = [new Array(40).fill('lock'), new Array(40).fill(0.5)]
    const { of } = spread(['work', ...locked, 'work'], [10, ...used, 10])
    expect(of('lock')).toBeGreaterThan(10)
    expect(of('lock')).toBeLessThan(20)
  })

  it('of code that works and waits in turns too short to see is its share', () => {
    const read = new Array(8).fill('read')
    const { of } = spread(['work', 'work', ...read], [10, 10, 4, 4, 4, 4, 4, 4, 4, 4])
    expect(of('read')).toBeGreaterThan(28)
    expect(of('read')).toBeLessThan(33)
  })

  it('never goes to idle samples', () => {
    const { millis } = spread(['work', 'idle', 'idle'], [3, 2, 2])
    expect(millis).toEqual([7, 0, 0])
  })

  it('that no sample saw goes to those of work that is as short', () => {
    const functions = ['long', 'long', 'long', 'idle', 'short', 'idle', 'idle', 'lock', 'idle']
    const { of } = spread(functions, [10, 10, 10, 1, 1, 1, 1, 0, 1])
    expect(of('long')).toBeCloseTo(30, 9)
    expect(of('short')).toBeCloseTo(5, 9)
    expect(of('lock')).toBe(0)
  })

  it('that no sample saw is carried into the next window', () => {
    const first = spread(['idle', 'idle'], [1, 2])
    expect(first.millis).toEqual([0, 0])
    expect(first.carry.nanos).toBe(3e6)
    const second = spread(['work', 'idle'], [4, 1], first.carry)
    expect(second.millis).toEqual([8, 0])
    expect(second.carry.nanos).toBe(0)
  })

  it('evens out over windows in which a function’s samples are too few to', () => {
    // In the first window the wait seems to use less than nothing, in the second one more than it did.
    const first = spread(['work', 'lock', 'work'], [10, 1, 10])
    const second = spread(['work', 'lock', 'work'], [10, 4, 4], first.carry)
    const alone = spread(['work', 'lock', 'work'], [10, 4, 4])
    expect(alone.of('lock')).toBeGreaterThan(1)
    expect(second.of('lock')).toBe(0)
  })

  it('is not owed for long by a function that waited, once it works', () => {
    let { carry } = spread(['lock', 'lock'], [0, 0])
    for (let i = 0; i < 100; i++) {
      carry = spread(['work', 'lock', 'lock', 'work'], [10, 0, 0, 10], carry).carry
    }
    const { of } = spread(new Array(10).fill('lock').concat('work'), new Array(11).fill(10), carry)
    expect(of('lock')).toBeGreaterThan(80)
  })

  it('is conserved, whatever the samples', () => {
    let carry: CpuCarry = { nanos: 2e6, excessOfFunction: new Map([['x', 3]]) }
    let billed = 0
    const given = [
      [
        ['a', 'b', 'a', 'idle', 'c'],
        [3, 9, 0, 2, 7],
      ],
      [
        ['idle', 'idle'],
        [1, 4],
      ],
      [
        ['a', 'c', 'c', 'idle'],
        [0, 0, 0, 8],
      ],
      [
        ['b', 'b', 'a'],
        [10, 14, 0],
      ],
      [['b'], [0]],
    ] as const
    for (const [functions, used] of given) {
      const each = spread([...functions], [...used], carry)
      expect(each.millis.every((millis) => millis >= 0)).toBe(true)
      billed += sum(each.millis)
      carry = each.carry
    }
    expect(billed + carry.nanos / 1e6).toBeCloseTo(60, 9)
  })
})

describe('a sample', () => {
  it('is a wait if its thread used next to nothing', () => {
    const functions = ['work', 'work', 'lock', 'lock', 'lock', 'idle', 'idle']
    const { waitingOfSample } = spread(functions, [10, 10, 0.1, 0.1, 0.1, 0, 0])
    expect(waitingOfSample).toEqual([false, false, true, true, true, false, false])
  })
})
