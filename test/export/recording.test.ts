import { describe, expect, it } from 'vitest'
import { toPprof } from '../../src/export/pprof.ts'
import type { Profile } from '../../src/export/profile.ts'
import { type LabelledWindow, Recording } from '../../src/export/recording.ts'
import { fold, record, windowOf } from './windows.ts'

const OURS = new URL('../../src/labels/agent.ts', import.meta.url).href

const OTEL = 'file:///app/node_modules/@opentelemetry/api/build/src/context/context.js'
const OPTIONS = { type: 'cpu' as const, appName: 'shop', tags: [], samplingIntervalMicros: 10_000 }

/** Folded stacks, the outermost frame first, as flame graph tools write them. */
function folded(profile: Profile): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { stack, labelSet, values } of profile.samples) {
    const names: string[] = []
    for (let at = profile.stacks[stack]; at; at = profile.stacks[at.parent]) {
      names.unshift(profile.locations[at.location]?.frame.functionName ?? '')
    }
    const labels = profile.labelSets[labelSet]?.join('=') ?? ''
    counts[[names.join(';'), labels].filter(Boolean).join(' ')] = values[0] as number
  }
  return counts
}

describe('a recording', () => {
  it('folds samples by stack', () => {
    const profile = fold(
      windowOf([{ stack: 'main;work' }, { stack: 'main;other' }, { stack: 'main;work' }]),
    )
    expect(folded(profile)).toEqual({ 'main;work': 2, 'main;other': 1 })
  })

  it('keeps label sets apart', () => {
    const profile = fold(
      windowOf([
        { stack: 'work', labels: ['tenant', 'acme'] },
        { stack: 'work', labels: ['tenant', 'globex'] },
        { stack: 'work', labels: ['tenant', 'acme'] },
        { stack: 'work' },
      ]),
    )
    expect(folded(profile)).toEqual({ 'work tenant=acme': 2, 'work tenant=globex': 1, work: 1 })
  })

  it('takes labels as they are at the end, and folds what has become equal', () => {
    const [first, second] = [openSpan('GET'), openSpan('GET')]
    const recording = new Recording(OPTIONS, 0, 0)
    recording.add(windowOf([{ stack: 'work', labels: first.open }]))
    recording.add(windowOf([{ stack: 'work', labels: second.open }]))
    expect(folded(recording.finish())).toEqual({ 'work span_name=GET': 2 })
    first.rename('GET /cart')
    expect(folded(recording.finish())).toEqual({
      'work span_name=GET /cart': 1,
      'work span_name=GET': 1,
    })
    second.rename('GET /cart')
    expect(folded(recording.finish())).toEqual({ 'work span_name=GET /cart': 2 })
  })

  it('has a carried label instead of one of the same key', () => {
    const own = { pairs: ['span_id', 'mine', 'tenant', 'acme'] }
    const labels = { own, carried: { pairs: ['span_id', '1'] } }
    const { labelSets } = fold(windowOf([{ stack: 'work', labels }]))
    expect(labelSets).toEqual([['span_id', '1', 'tenant', 'acme']])
  })

  it('folds windows together, whose stacks have other indexes', () => {
    const first = windowOf([{ stack: 'main;work' }])
    const second = windowOf([{ stack: 'boot' }, { stack: 'main;work' }])
    expect(folded(fold(first, second))).toEqual({ 'main;work': 2, boot: 1 })
  })

  it('adds up CPU time', () => {
    const profile = fold(
      windowOf([
        { stack: 'work', cpuNanos: 3 },
        { stack: 'work', cpuNanos: 4 },
      ]),
    )
    expect(profile.samples).toMatchObject([{ values: [2, 7] }])
  })

  it('does not count a wait, and has the CPU time that it used', () => {
    const profile = fold(
      windowOf([
        { stack: 'work', cpuNanos: 9 },
        { stack: 'lock', cpuNanos: 1, waiting: true },
        { stack: 'lock', cpuNanos: 2, waiting: true },
        { stack: 'other', cpuNanos: 0, waiting: true },
      ]),
    )
    expect(profile.samples.map(({ values }) => values)).toEqual([
      [1, 9],
      [0, 3],
    ])
  })

  it('leaves idle time out', () => {
    const profile = fold(windowOf([{ stack: '(idle)', idle: true }, { stack: '(program)' }]))
    expect(folded(profile)).toEqual({ '(program)': 1 })
  })

  it('takes nothing from before its start', () => {
    const options = {
      type: 'cpu' as const,
      appName: 'shop',
      tags: [],
      samplingIntervalMicros: 10_000,
    }
    const recording = new Recording(options, 500, 0)
    recording.add(
      windowOf([
        { stack: 'early', timeMicros: 499 },
        { stack: 'work', timeMicros: 500 },
      ]),
    )
    expect(folded(recording.finish())).toEqual({ work: 1 })
  })

  it('lasts from its start to the end of its last window', () => {
    const { durationNanos, startTimeMillis } = fold(windowOf([{ stack: 'work' }]))
    expect(durationNanos).toBe(1e9)
    expect(startTimeMillis).toBe(Date.UTC(2026, 0, 2, 3, 4, 5, 678))
  })
})

describe('lines', () => {
  const lineTicks = {
    work: [
      { line: 20, ticks: 2 },
      { line: 22, ticks: 2 },
    ],
  }
  const samples = ['acme', 'globex', 'acme', 'globex'].map((tenant) => ({
    stack: 'main;work',
    labels: ['tenant', tenant],
  }))
  const profile = fold(windowOf(samples, {}, lineTicks))
  const countOf = (line: number, tenant: string) =>
    profile.samples
      .filter(({ stack, labelSet }) => {
        const location = profile.locations[profile.stacks[stack]?.location ?? -1]
        return location?.line === line && profile.labelSets[labelSet]?.[1] === tenant
      })
      .reduce((sum, { values }) => sum + (values[0] as number), 0)

  it('are spread over label sets with both totals exact', () => {
    expect([countOf(20, 'acme'), countOf(22, 'acme')]).toEqual([1, 1])
    expect([countOf(20, 'globex'), countOf(22, 'globex')]).toEqual([1, 1])
  })

  it('of callers are where the function starts', () => {
    const caller = profile.locations.find(({ frame }) => frame.functionName === 'main')
    expect(caller?.line).toBe(caller?.frame.line)
  })
})

describe('spanprof’s own frames', () => {
  const urls = {
    withLabels: OURS,
    resumed: OURS,
    evaluated: 'spanprof:window',
    getStore: 'node:async_hooks',
    run: 'node:internal/async_local_storage/async_context_frame',
    emitHook: 'node:internal/async_hooks',
    readFile: 'node:fs',
    hrtime: '',
    hrtimeBigInt: '',
    generated: '',
    active: OTEL,
    'self.getValue': OTEL,
    with: OTEL,
  }
  const of = (...stacks: string[]) =>
    folded(
      fold(
        windowOf(
          stacks.map((stack) => ({ stack })),
          urls,
        ),
      ),
    )

  it('include what they ask of OpenTelemetry, and nothing that the app asks of it', () => {
    expect(of('main;resumed;active', 'main;resumed;self.getValue')).toEqual({ '(spanprof)': 2 })
    expect(of('main;active', 'main;resumed;with;work')).toEqual({
      'main;active': 1,
      'main;with;work': 1,
    })
  })

  it('are one frame at the root, blamed on nobody', () => {
    expect(of('main;work;withLabels', 'main;emitHook;resumed', 'main;evaluated')).toEqual({
      '(spanprof)': 3,
    })
  })

  it('carry what Node does on their behalf', () => {
    const clocks = ['main;evaluated;hrtime', 'main;resumed;hrtimeBigInt']
    expect(of('main;resumed;getStore', 'main;withLabels;run', ...clocks)).toEqual({
      '(spanprof)': 4,
    })
  })

  it('are left out between frames of the app', () => {
    expect(
      of('main;withLabels;run;work', 'main;withLabels;readFile', 'main;withLabels;run;generated'),
    ).toEqual({ 'main;work': 1, 'main;readFile': 1, 'main;generated': 1 })
  })

  it('are not seen in Node’s own frames elsewhere', () => {
    expect(of('main;getStore')).toEqual({ 'main;getStore': 1 })
  })
})

it('is not changed by being encoded', () => {
  const window: LabelledWindow = windowOf([{ stack: 'main;work', labels: ['a', 'b'] }])
  const profile = fold(window)
  const before = structuredClone(profile)
  toPprof(profile).encode()
  expect(profile).toEqual(before)
})

describe('a wall profile', () => {
  const window = windowOf([
    { stack: 'work', labels: ['tenant', 'acme'] },
    { stack: '(idle)', labels: ['tenant', 'acme'], idle: true },
    { stack: '(idle)', idle: true },
    { stack: 'work', labels: ['tenant', 'acme'] },
  ])

  it('has waiting in it, which is for nobody', () => {
    expect(folded(record('wall', [window]))).toEqual({ 'work tenant=acme': 2, '(idle)': 2 })
  })

  it('gives each sample the time since the one before, and the last one the rest', () => {
    const late = windowOf([
      { stack: 'work', timeMicros: 100_000 },
      { stack: '(idle)', timeMicros: 150_000, idle: true },
      { stack: 'work', timeMicros: 450_000 },
      { stack: '(idle)', timeMicros: 500_000, idle: true },
    ])
    const { samples } = record('wall', [late])
    expect(samples.map(({ values }) => values)).toEqual([
      [2, 400e6],
      [2, 600e6],
    ])
  })

  it('has a wait within a call in it, as long as it took', () => {
    const waiting = windowOf([
      { stack: 'lock', timeMicros: 400_000, cpuNanos: 0, waiting: true },
      { stack: 'work', timeMicros: 1_000_000 },
    ])
    const { samples } = record('wall', [waiting])
    expect(samples.map(({ values }) => values)).toEqual([
      [1, 400e6],
      [1, 600e6],
    ])
  })

  it('leaves out the time in which the process was suspended', () => {
    const resumed = windowOf([
      { stack: 'work', timeMicros: 100_000 },
      { stack: 'work', timeMicros: 800_000 },
      { stack: '(idle)', timeMicros: 900_000, idle: true },
    ])
    const suspensions = [{ fromMicros: 200_000, untilMicros: 790_000 }]
    const { samples, durationNanos } = record('wall', [{ ...resumed, suspensions }])
    expect(samples.map(({ values }) => values)).toEqual([
      [2, 210e6],
      [1, 200e6],
    ])
    expect(durationNanos).toBe(1e9)
  })

  it('covers all of the time, that of a window without a sample too', () => {
    const none = windowOf([])
    const second = windowOf([{ stack: 'work', timeMicros: 2_300_000 }])
    const { samples, durationNanos } = record('wall', [
      { ...none, endMicros: 2_000_000 },
      { ...second, startMicros: 2_000_000, endMicros: 3_000_000 },
    ])
    expect(samples.map(({ values }) => values)).toEqual([[1, 3000e6]])
    expect(durationNanos).toBe(3000e6)
  })
})

/** The labels of a span that is still running. */
function openSpan(name: string) {
  const carried = { pairs: ['span_name', name] }
  return {
    open: { own: undefined, carried },
    rename(newName: string) {
      carried.pairs = ['span_name', newName]
    },
  }
}
