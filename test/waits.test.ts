import { describe, expect, it, onTestFinished } from 'vitest'
import type { ProfilerStats } from '../src/stats.ts'
import { CpuQuota, canLimitCpu } from './cpu-quota.ts'
import {
  type DecodedSample,
  decodeDirectory,
  having,
  profileFiles,
  sumOf,
  total,
} from './decoded-profile.ts'
import { type ProgramOptions, runCode, runProgram, temporaryDirectory } from './program.ts'

/** Of the CPU time. Without telling waits from work it is some 45. */
const TOLERATED_POINTS = 10

interface Turns {
  /** How long waits really took, and what CPU time they used. */
  readonly waited: { readonly nanos: number; readonly cpuNanos: number }
  /** CPU time of work and waits. */
  readonly cpuNanos: number
  readonly stats: ProfilerStats
  /** By function, in nanoseconds. */
  readonly billed: Readonly<Record<string, number>>
}

async function turns(args: readonly string[], options?: ProgramOptions): Promise<Turns> {
  const { stdout, stderr } = await runProgram('turns.mjs', { args, ...options })
  expect(stderr).toBe('')
  return JSON.parse(stdout)
}

/** Waits and works by turns, with the profiles of it. */
async function profiledTurns(how: string, millis: number, options?: ProgramOptions) {
  const directory = temporaryDirectory()
  const result = await turns([how, String(millis), '1200', directory], options)
  const types = profileFiles(directory).map((file) => file.split('-')[1])
  const samples = decodeDirectory(directory).map((profile) => profile.samples)
  const of = (type: string) => samples[types.indexOf(type)] as readonly DecodedSample[]
  return { ...result, cpu: of('cpu'), wall: of('wall') }
}

/** How many percent points of the CPU time the waits are billed too much. */
function pointsTooMuch(waitingNanos: number, allNanos: number, { waited, cpuNanos }: Turns) {
  return 100 * (waitingNanos / allNanos - waited.cpuNanos / cpuNanos)
}

describe.concurrent('code that waits', () => {
  it.each([
    ['Atomics.wait', 15],
    ['Atomics.wait', 25],
    ['spawnSync', 30],
    ['execSync', 30],
  ])('by %s is billed what it used, beside as much work: %i ms by turns', async (how, millis) => {
    const { cpu, ...result } = await profiledTurns(how, millis)
    const waiting = sumOf(having(cpu, 'waiting'), 'cpu')
    const points = pointsTooMuch(waiting, sumOf(cpu, 'cpu'), result)
    expect(Math.abs(points)).toBeLessThan(TOLERATED_POINTS)
  })

  it('is in a wall profile for as long as it waits, and not counted in a CPU profile', async () => {
    const { cpu, wall, waited, stats } = await profiledTurns('Atomics.wait', 50)
    expect(sumOf(having(wall, 'waiting'), 'wall') / waited.nanos).toBeCloseTo(1, 0.2)
    expect(stats.waitingSamples).toBeGreaterThan(10)
    // The stats have a few samples from before the profile.
    expect(Math.abs(total(cpu, 'count') - stats.samples)).toBeLessThan(0.05 * stats.samples)
    expect(total(having(cpu, 'waiting'), 'count')).toBeLessThan(0.2 * stats.samples)
  })
})

describe.concurrent('a CPU clock that interrupts the thread, or none', () => {
  const hasThreadCpuUsage = 'threadCpuUsage' in process

  it.each(hasThreadCpuUsage ? ['threadCpuUsage', 'samplingInterval'] : ['samplingInterval'])(
    'tells waits from work by when the process uses CPU time: %s',
    async (clock) => {
      const result = await turns(['Atomics.wait', '25', '1200', clock])
      const { waiting = 0, working = 0 } = result.billed
      expect(pointsTooMuch(waiting, waiting + working, result)).toBeLessThan(TOLERATED_POINTS)
    },
  )
})

describe.skipIf(!canLimitCpu())('a CPU quota that is used up', () => {
  it('changes no share of the CPU time, and shows in the stats', async () => {
    const quota = new CpuQuota(30)
    onTestFinished(() => quota.remove())
    const { nodeArgs } = quota
    const { cpu, ...result } = await profiledTurns('Atomics.wait', 50, { nodeArgs })
    const waiting = sumOf(having(cpu, 'waiting'), 'cpu')
    expect(pointsTooMuch(waiting, sumOf(cpu, 'cpu'), result)).toBeLessThan(TOLERATED_POINTS)
    expect(sumOf(cpu, 'cpu') / result.cpuNanos).toBeCloseTo(1, 0.7)
    expect(result.stats.cpuWaitNanos).toBeGreaterThan(1e9)
    expect(result.stats.lateSamples).toBeGreaterThan(5)
    expect(result.stats.samplerRestarts).toBe(0)
  })
})

/** Runs code that has a started `profiler` and `burn`, and returns what it prints as JSON. */
async function run(code: string, directory = temporaryDirectory(), options?: ProgramOptions) {
  const source = `
    import { startProfiler } from 'spanprof'
    const { cpuBurner, threadCpuNanos } = await import('./test/programs/burn.mjs')
    const burn = cpuBurner('burn')
    const outputDir = ${JSON.stringify(directory)}
    const profiler = await startProfiler({ outputDir, wall: true })
    ${code}`
  const { stdout, stderr } = await runCode(source, options)
  expect(stderr).toBe('')
  return JSON.parse(stdout.split('\n').at(-2) as string)
}

it('bills native code that works', async () => {
  const directory = temporaryDirectory()
  const { nanos } = await run(
    `
    const { pbkdf2Sync } = await import('node:crypto')
    function derive() {
      const before = threadCpuNanos()
      for (let i = 0; i < 40; i++) pbkdf2Sync('password', 'salt', 20_000, 32, 'sha256')
      return threadCpuNanos() - before
    }
    const nanos = derive()
    await profiler.stop()
    console.log(JSON.stringify({ nanos }))`,
    directory,
  )
  const [cpu] = decodeDirectory(directory)
  expect(sumOf(having(cpu?.samples ?? [], 'derive'), 'cpu') / nanos).toBeCloseTo(1, 0.3)
})

it('shows the CPU time of the whole process beside that of the thread', async () => {
  const stats = await run(`
    const { Worker } = await import('node:worker_threads')
    const { once } = await import('node:events')
    const worker = new Worker(\`
      const { user } = process.cpuUsage()
      while (process.cpuUsage().user < user + 400_000);\`, { eval: true, execArgv: [] })
    await once(worker, 'exit')
    await profiler.stop()
    console.log(JSON.stringify(profiler.stats()))`)
  expect(stats.processCpuNanos - stats.cpuNanos).toBeGreaterThan(300e6)
})

describe('a process that was stopped for a while', () => {
  it('has the CPU time that it used, and its wall profile the time in which it ran', async () => {
    const directory = temporaryDirectory()
    const stopped = { millis: 0 }
    const stopAndContinue = (kill: (signal: NodeJS.Signals) => void) => {
      const start = performance.now()
      kill('SIGSTOP')
      setTimeout(() => {
        kill('SIGCONT')
        stopped.millis = performance.now() - start
      }, 2000)
    }
    const { usedNanos, elapsedNanos, stats } = await run(
      `
      const { once } = await import('node:events')
      const resumed = once(process, 'SIGCONT')
      const alive = setInterval(() => {}, 1000)
      const start = { cpuNanos: threadCpuNanos(), millis: performance.now() }
      burn(300)
      console.log('ready')
      await resumed
      clearInterval(alive)
      burn(300)
      const usedNanos = threadCpuNanos() - start.cpuNanos
      const elapsedNanos = (performance.now() - start.millis) * 1e6
      await profiler.stop()
      console.log(JSON.stringify({ usedNanos, elapsedNanos, stats: profiler.stats() }))`,
      directory,
      {
        onOutput: (text, kill) => {
          if (text === 'ready\n') stopAndContinue(kill)
        },
      },
    )
    const [cpu, wall] = decodeDirectory(directory)
    expect(stats.samplerRestarts).toBe(0)
    expect(stats.suspendedNanos / 1e6).toBeGreaterThan(1000)
    expect(stats.suspendedNanos / 1e6).toBeLessThan(stopped.millis + 500)
    expect(sumOf(cpu?.samples ?? [], 'cpu')).toBeGreaterThan(0.95 * usedNanos)
    const wallNanos = sumOf(wall?.samples ?? [], 'wall')
    expect(wallNanos + stats.suspendedNanos).toBeGreaterThan(0.95 * elapsedNanos)
    // The profile's own times are those of the clock on the wall.
    expect(wall?.durationNanos).toBeGreaterThan(0.95 * elapsedNanos)
    expect(wallNanos).toBeLessThan(Number(wall?.durationNanos) - 1e9)
  })
})
