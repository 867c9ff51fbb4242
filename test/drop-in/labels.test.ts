import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { getLabels, setLabels, wrapWithLabels } from '../../src/drop-in/labels.ts'
import type { Labels } from '../../src/labels/agent.ts'
import { decodeDirectory, samplesOf, total } from '../decoded-profile.ts'
import { runCode, temporaryDirectory } from '../program.ts'

/** In a context of its own, as a request has. */
const inContext = (test: () => Promise<void>) => async () => {
  await sleep(0)
  setLabels({})
  await test()
}

describe('wrapWithLabels', () => {
  it('gives the function its arguments, and gives what it returns or throws', async () => {
    expect(wrapWithLabels({ a: 1 }, (x: number, y: string) => [x, y], 2, 'b')).toEqual([2, 'b'])
    await expect(wrapWithLabels({ a: 1 }, async (x: number) => x, 2)).resolves.toBe(2)
    const thrown = new Error('expected')
    const failing = () => {
      throw thrown
    }
    expect(() => wrapWithLabels({ a: 1 }, failing)).toThrow(thrown)
  })

  it(
    'puts labels over those in force, for the function and all that it starts',
    inContext(async () => {
      setLabels({ region: 'eu', shard: 1 })
      await wrapWithLabels({ shard: 2, tenant: 'acme' }, async () => {
        await sleep(1)
        expect(getLabels()).toEqual({ region: 'eu', shard: '2', tenant: 'acme' })
        wrapWithLabels({ tenant: '' }, () => {
          expect(getLabels()).toEqual({ region: 'eu', shard: '2' })
        })
      })
      expect(getLabels()).toEqual({ region: 'eu', shard: '1' })
    }),
  )

  it('leaves out what is no label, as the function has to run', () => {
    const labels = { a: 1, b: undefined, c: null, d: {}, e: true, '': 'x' } as unknown as Labels
    expect(wrapWithLabels(labels, getLabels)).toEqual({ a: '1' })
    for (const none of [undefined, null, 7]) {
      expect(wrapWithLabels(none as unknown as Labels, () => 'ran')).toBe('ran')
    }
  })
})

describe('setLabels', () => {
  it(
    'puts labels in place of those before',
    inContext(async () => {
      setLabels({ a: 1, b: 2 })
      expect(getLabels()).toEqual({ a: '1', b: '2' })
      setLabels({ c: 3 })
      expect(getLabels()).toEqual({ c: '3' })
      setLabels(undefined as unknown as Labels)
      expect(getLabels()).toEqual({})
    }),
  )

  it(
    'does so for its own context, across await, and for no other',
    inContext(async () => {
      const request = async (id: number) => {
        await sleep(1)
        setLabels({ id })
        for (let i = 0; i < 5; i++) {
          await sleep(Math.random() * 3)
          expect(getLabels()).toEqual({ id: String(id) })
        }
      }
      await Promise.all(Array.from({ length: 20 }, (_, id) => request(id)))
      expect(getLabels()).toEqual({})
    }),
  )

  it(
    'inside a wrapped function ends with it',
    inContext(async () => {
      setLabels({ a: 1 })
      wrapWithLabels({ b: 2 }, () => {
        setLabels({ c: 3 })
        expect(getLabels()).toEqual({ c: '3' })
      })
      expect(getLabels()).toEqual({ a: '1' })
    }),
  )
})

it('samples of concurrent requests carry the labels of their own, however these were put in force', async () => {
  const directory = temporaryDirectory()
  const { code, stderr } = await runCode(
    `import Pyroscope, { startProfiler } from 'spanprof'
    import { setTimeout as sleep } from 'node:timers/promises'
    const { cpuBurner } = await import('./test/programs/burn.mjs')
    const profiler = await startProfiler({ outputDir: process.argv.at(-1), samplingIntervalMicros: 1000 })
    const request = async (job) => {
      const burn = cpuBurner('burn_' + job)
      const steps = async () => {
        for (let i = 0; i < 25; i++) {
          burn(Math.random() * 3)
          await (i % 3 ? sleep(1) : null)
        }
      }
      await sleep(1)
      if (job % 2) return Pyroscope.wrapWithLabels({ job }, steps)
      Pyroscope.setLabels({ job: 'other' })
      Pyroscope.setLabels({ job })
      await steps()
    }
    await Promise.all(Array.from({ length: 20 }, (_, job) => request(job)))
    await profiler.stop()`,
    { args: [directory] },
  )
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const samples = samplesOf(decodeDirectory(directory)).flatMap((sample) => {
    const job = sample.stack.find((name) => name.startsWith('burn_'))?.slice('burn_'.length)
    return job === undefined ? [] : [{ ...sample, job }]
  })
  expect(total(samples, 'count')).toBeGreaterThan(300)
  expect(samples.filter(({ job, labels }) => labels.job !== job)).toEqual([])
})
