import { describe, expect, it } from 'vitest'
import {
  type DecodedProfile,
  decodeDirectory,
  having,
  profileFiles,
  sumOf,
} from './decoded-profile.ts'
import { runCode, temporaryDirectory } from './program.ts'

/** Works and waits by turns, and says for how long. */
const WORK_AND_WAIT = `
  import { setTimeout as sleep } from 'node:timers/promises'
  import { startProfiler, withLabels } from 'spanprof'
  const { cpuBurner } = await import('./test/programs/burn.mjs')
  const burn = cpuBurner('burn')
  const nanos = () => Number(process.hrtime.bigint())
  function lock() {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400)
  }
  const profiler = await startProfiler(OPTIONS)
  const start = nanos()
  const spent = { burning: 0, waiting: 0, locked: 0 }
  async function timed(name, work) {
    const before = nanos()
    await work()
    spent[name] += nanos() - before
  }
  for (let i = 0; i < 8; i++) {
    await withLabels({ tenant: 'acme' }, async () => {
      await timed('burning', () => burn(100))
      await timed('waiting', () => sleep(100))
    })
  }
  await withLabels({ at: 'lock' }, () => timed('locked', lock))
  spent.elapsed = nanos() - start
  await profiler.stop()
  console.log(JSON.stringify(spent))`

async function profiled(options: object) {
  const outputDir = temporaryDirectory()
  const given = JSON.stringify({ outputDir, appName: 'shop', ...options })
  const { stdout, stderr } = await runCode(WORK_AND_WAIT.replace('OPTIONS', given))
  expect(stderr).toBe('')
  const types = profileFiles(outputDir).map((file) => file.split('-')[1])
  const profiles = new Map(decodeDirectory(outputDir).map((profile, i) => [types[i], profile]))
  return { types, profiles, spent: JSON.parse(stdout) }
}

const wallOf = ({ samples }: DecodedProfile, name: string) => sumOf(having(samples, name), 'wall')

describe.concurrent('a wall profile', () => {
  it('covers the time that passed, beside a CPU profile of the work alone', async () => {
    const { types, profiles, spent } = await profiled({ wall: true })
    expect(types).toEqual(['cpu', 'wall'])
    const wall = profiles.get('wall') as DecodedProfile
    const cpu = profiles.get('cpu') as DecodedProfile

    expect(wall.sampleTypes).toEqual(['samples/count', 'wall/nanoseconds'])
    expect(wall.periodType).toBe('wall/nanoseconds')
    expect(wall.period).toBe(10_000_000)
    expect(sumOf(wall.samples, 'wall') / wall.durationNanos).toBeCloseTo(1, 1)
    // The start and the stop are in the profile, and not in the program's own count.
    expect(sumOf(wall.samples, 'wall')).toBeGreaterThan(0.95 * spent.elapsed)
    expect(wallOf(wall, 'burn') / spent.burning).toBeCloseTo(1, 0.2)
    expect(wallOf(wall, '(idle)') / spent.waiting).toBeCloseTo(1, 0.2)
    expect(wallOf(wall, 'lock') / spent.locked).toBeCloseTo(1, 0.2)

    expect(having(cpu.samples, '(idle)')).toEqual([])
    expect(sumOf(having(cpu.samples, 'burn'), 'cpu') / 800e6).toBeCloseTo(1, 0.2)
    expect(sumOf(having(cpu.samples, 'lock'), 'cpu')).toBeLessThan(0.1 * spent.locked)
  })

  it('labels what waits in a call, and not the idle event loop', async () => {
    const { types, profiles } = await profiled({ cpu: false, wall: true })
    expect(types).toEqual(['wall'])
    const { samples } = profiles.get('wall') as DecodedProfile
    const labelsIn = (name: string) => {
      const each = having(samples, name).map(({ labels }) => JSON.stringify(labels))
      return [...new Set(each)].map((labels) => JSON.parse(labels))
    }
    expect(labelsIn('(idle)')).toEqual([{}])
    expect(labelsIn('lock')).toEqual([{ at: 'lock' }])
    expect(labelsIn('burn')).toEqual([{ tenant: 'acme' }])
  })
})
