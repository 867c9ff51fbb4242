import { describe, expect, it } from 'vitest'
import { LabelTimeline } from '../../src/labels/label-timeline.ts'

/** The most that a ring holds. */
const CAPACITY = 262_144
const set = (name: string) => ({ pairs: ['name', name], version: 0 })
const a = set('a')
const b = set('b')

/** A timeline whose clock is set by hand, in microseconds. */
class ClockedTimeline extends LabelTimeline {
  readonly #clock: { micros: number }

  constructor(clock = { micros: 0 }) {
    super(() => BigInt(clock.micros * 1000))
    this.#clock = clock
  }

  recordAt(micros: number, own: typeof a | undefined, carried: typeof a | undefined): void {
    this.#clock.micros = micros
    this.record(own, carried)
  }
}

function timeline(...switches: [number, typeof a | undefined][]): ClockedTimeline {
  const line = new ClockedTimeline()
  for (const [time, labels] of switches) line.recordAt(time, labels, undefined)
  return line
}

/** Of `withLabels` alone. */
function ownAt(line: LabelTimeline, times: number[]) {
  return line.at(times).map((labels) => (labels === 'lost' ? labels : labels.own))
}

describe('the label timeline', () => {
  it('knows what was in force at a time', () => {
    const line = timeline([10, a], [20, b], [30, undefined], [40, a])
    expect(ownAt(line, [5, 15, 25, 35, 45])).toEqual([undefined, a, b, undefined, a])
  })

  it('has a switch in force from its very microsecond', () => {
    expect(ownAt(timeline([10, a], [20, b]), [9, 10, 19, 20])).toEqual([undefined, a, a, b])
  })

  it('lets the last of several switches in a microsecond win', () => {
    expect(ownAt(timeline([10, a], [10, undefined], [10, b]), [10])).toEqual([b])
  })

  it('knows nothing before the first switch', () => {
    expect(ownAt(timeline(), [1, 2])).toEqual([undefined, undefined])
  })

  it('still knows what is in force after older switches were forgotten', () => {
    const line = timeline([10, a], [20, b])
    line.forgetBefore(25)
    expect(ownAt(line, [26])).toEqual([b])
    line.recordAt(30, a, undefined)
    expect(ownAt(line, [29, 31])).toEqual([b, a])
  })

  it('may be asked while a switch is being recorded, which does not count yet', () => {
    let isAsked = false
    let found: ReturnType<typeof ownAt> = []
    const line: LabelTimeline = new LabelTimeline(() => {
      if (isAsked) {
        found = ownAt(line, [15])
        line.forgetBefore(15)
      }
      return isAsked ? 20_000n : 10_000n
    })
    line.record(a, undefined)
    isAsked = true
    line.record(b, undefined)
    expect(found).toEqual([a])
    isAsked = false
    expect(ownAt(line, [16, 21])).toEqual([a, b])
  })

  it('forgets nothing after the time it is told', () => {
    const line = timeline([10, a], [20, b], [30, a])
    line.forgetBefore(20)
    expect(ownAt(line, [21, 31])).toEqual([b, a])
  })
})

describe('labels that a context carries', () => {
  it('are in force beside those of withLabels', () => {
    const line = new ClockedTimeline()
    line.recordAt(10, a, undefined)
    line.recordAt(20, a, b)
    line.recordAt(30, undefined, b)
    expect(line.at([5, 15, 25, 35])).toEqual([
      { own: undefined, carried: undefined },
      { own: a, carried: undefined },
      { own: a, carried: b },
      { own: undefined, carried: b },
    ])
  })
})

describe('a ring that has to grow', () => {
  it('keeps every switch, wherever in the ring the oldest one is', () => {
    for (const forgotten of [0, 1, 20_000, 32_767]) {
      const line = new ClockedTimeline()
      for (let i = 0; i < forgotten; i++) line.recordAt(i, a, b)
      line.forgetBefore(forgotten)
      const end = forgotten + CAPACITY - 1
      const labels = Array.from({ length: 7 }, (_, i) => set(`label ${i}`))
      for (let i = forgotten; i < end; i++) line.recordAt(i, labels[i % 7], labels[i % 3])
      const times = Array.from({ length: end - forgotten }, (_, i) => forgotten + i)
      const found = line.at(times)
      const isRight = (time: number, i: number) => {
        const inForce = found[i]
        if (inForce === undefined || inForce === 'lost') return false
        return inForce.own === labels[time % 7] && inForce.carried === labels[time % 3]
      }
      expect(times.every(isRight)).toBe(true)
    }
  })
})

describe('a full ring', () => {
  it('loses the labels of the time it has forgotten, and swaps none', () => {
    const line = new ClockedTimeline()
    for (let i = 0; i < CAPACITY + 100; i++) line.recordAt(i * 10, i % 2 === 0 ? a : b, undefined)
    const found = ownAt(line, [5, 995, 1005, 1015, 4_000_000])
    expect(found).toEqual(['lost', 'lost', a, b, b])
  })

  it('loses nothing that was asked for in time', () => {
    const line = new ClockedTimeline()
    for (let i = 0; i < 3 * CAPACITY; i++) {
      line.recordAt(i * 10, i % 2 === 0 ? a : b, undefined)
      if (i % 1000 !== 0) continue
      expect(ownAt(line, [i * 10 + 5])).toEqual([i % 2 === 0 ? a : b])
      line.forgetBefore(i * 10 + 5)
    }
  })

  it('knows again once the forgotten time has been asked for', () => {
    const line = new ClockedTimeline()
    for (let i = 0; i < CAPACITY + 1; i++) line.recordAt(i, a, undefined)
    expect(ownAt(line, [0])).toEqual(['lost'])
    line.forgetBefore(CAPACITY)
    line.recordAt(CAPACITY + 10, b, undefined)
    expect(ownAt(line, [CAPACITY + 5, CAPACITY + 11])).toEqual([a, b])
  })
})

it('holds no label set that is no longer needed', async () => {
  const { setFlagsFromString } = await import('node:v8')
  const { runInNewContext } = await import('node:vm')
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const line = new ClockedTimeline()
  const references = Array.from({ length: 100 }, (_, i) => {
    const labels = set(`request ${i}`)
    line.recordAt(i, labels, undefined)
    return new WeakRef(labels)
  })
  line.forgetBefore(1000)
  await new Promise(setImmediate)
  collectGarbage()
  const alive = references.filter((reference) => reference.deref() !== undefined)
  expect(alive.map((reference) => reference.deref())).toEqual([set('request 99')])
})
