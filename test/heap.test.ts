import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as v8 from 'node:v8'
import { describe, expect, it } from 'vitest'
import {
  type DecodedProfile,
  decodeDirectory,
  decodeProfile,
  having,
  profileFiles,
  samplesOf,
  sumOf,
} from './decoded-profile.ts'
import { runCode, runProgram, temporaryDirectory } from './program.ts'

/** Whether this Node.js can read the heap without collecting it first. */
const readsWithoutCollection = 'startHeapProfile' in v8

const EVERY_64_KIB = { samplingIntervalBytes: 65_536, maxPausePercent: 100 }

async function runHeap(options: object) {
  const directory = temporaryDirectory()
  const { stdout, stderr, code } = await runProgram('heap.mjs', {
    args: [directory, JSON.stringify(options)],
  })
  expect(code, stderr).toBe(0)
  return { ...JSON.parse(stdout), stderr, profiles: decodeDirectory(directory), directory }
}

/** Runs code with `spanprof`, an output directory, and what the profiler has logged. */
async function run(code: string, nodeArgs: string[] = []) {
  const outputDir = temporaryDirectory()
  const { stdout, stderr } = await runCode(
    `import { PerformanceObserver } from 'node:perf_hooks'
    import { Session } from 'node:inspector'
    import { startProfiler, withLabels } from 'spanprof'
    const outputDir = ${JSON.stringify(outputDir)}
    const logged = []
    const collects = /full garbage collection/ // How long that takes is the machine's affair.
    const logger = { warn: (text) => collects.test(text) || logged.push(text), info() {} }
    const heap = ${JSON.stringify(EVERY_64_KIB)}
    const print = (value) => console.log(JSON.stringify(value))
    const codeOf = (promise) => promise.then(() => 'none', (error) => error.code)
    const session = new Session()
    session.connect()
    const post = (method, params) => new Promise((resolve, reject) => {
      session.post(method, params, (error, result) => error ? reject(error) : resolve(result))
    })
    function retain(count) {
      const kept = []
      for (let i = 0; i < count; i++) kept.push({ a: i, b: i, c: i, d: i })
      return kept
    }
    ${code}`,
    { nodeArgs, cwd: fileURLToPath(new URL('..', import.meta.url)) },
  )
  expect(stderr).toBe('')
  const printed = stdout.trim().split('\n').filter(Boolean)
  return {
    printed: printed.map((line) => JSON.parse(line)),
    outputDir,
    profiles: decodeDirectory(outputDir),
  }
}

function inUse(profile: DecodedProfile | undefined, name: string, type = 'inuse_space'): number {
  return sumOf(having(profile?.samples ?? [], name), type)
}

/** A dozen times the error to expect of some thousand samples. */
function expectNear(value: number, expected: number): void {
  expect(value / expected).toBeGreaterThan(0.8)
  expect(value / expected).toBeLessThan(1.2)
}

describe.concurrent('heap profiles', () => {
  it('show what is in use and where it was allocated, one after the other', async () => {
    const { profiles, bothBytes, halfBytes, objects, flushed, stats, directory } = await runHeap({
      cpu: false,
      heap: EVERY_64_KIB,
    })
    expect(profileFiles(directory)).toEqual([
      expect.stringMatching(/^heap-heap-/),
      expect.stringMatching(/^heap-heap-/),
    ])
    const [both, half] = profiles
    expect(both).toMatchObject({ durationNanos: 0 })
    expectNear(inUse(both, 'retainHalf') + inUse(both, 'retainOtherHalf'), bothBytes)
    expectNear(inUse(both, 'retainHalf', 'inuse_objects'), objects)
    expectNear(inUse(both, 'retainOtherHalf', 'inuse_objects'), objects)
    expectNear(inUse(half, 'retainHalf'), halfBytes)
    // A sample may be of what V8 itself keeps of the function.
    expect(inUse(half, 'retainOtherHalf')).toBeLessThan(halfBytes / 100)
    expect(half.period).toBe(65_536)

    const source = readFileSync(new URL('./programs/heap.mjs', import.meta.url), 'utf8')
    const line = source.split('\n').indexOf('function retainHalf() {') + 1
    const site = having(half.samples, 'retainHalf')[0]?.locations[0]
    expect(site).toMatchObject({
      name: 'retainHalf',
      file: fileURLToPath(new URL('./programs/heap.mjs', import.meta.url)),
      startLine: line,
      line,
    })
    expect(flushed).toBe(readsWithoutCollection ? 0 : 1)
    expect(stats).toMatchObject({ heapReads: 2, heapReadsSkipped: 0, heapReadFailures: 0 })
    expect(stats.maxHeapPauseMicros).toBeGreaterThan(0)
    expect(stats.heapPauseMicros).toBeGreaterThan(stats.maxHeapPauseMicros)
  })

  it('are all there is where neither CPU nor wall profiles are asked for', async () => {
    const { stats } = await runHeap({ cpu: false, heap: EVERY_64_KIB })
    expect(stats).toMatchObject({ windows: 0, samples: 0, idleSamples: 0, pauseMicros: 0 })
  })

  it('wait where their pause would be more than its share, and say so', async () => {
    const { flushed, stats, profiles, stderr } = await runHeap({ cpu: false, heap: true })
    expect(flushed).toBe(0)
    expect(stats.heapReads).toBe(profiles.length)
    expect(stats.heapReads + stats.heapReadsSkipped).toBe(2)
    if (readsWithoutCollection) {
      expect(stderr).toBe('')
      expect(profiles.length).toBeGreaterThan(0)
    } else {
      expect(stderr).toContain('no heap profile was taken')
      expect(stderr).toContain('heap.maxPausePercent')
      expect(profiles).toEqual([])
    }
  })

  it.skipIf(readsWithoutCollection)('tell of the first collection, and of no other', async () => {
    const { printed } = await run(`
      const told = []
      const tell = (text) => told.push(text)
      const profiler = await startProfiler({ outputDir, heap, logger: { warn: tell, info: tell } })
      await profiler.heapProfile()
      await profiler.flush()
      await profiler.stop()
      print(told)`)
    expect(printed[0]).toEqual([
      expect.stringMatching(/each heap profile takes a full garbage collection .* took \d+ ms$/),
    ])
  })

  it('stand beside CPU profiles, and are written at the exit', async () => {
    const { outputDir, profiles } = await run(`
      await startProfiler({ logger, outputDir, heap, appName: 'shop', tags: { region: 'eu' } })
      globalThis.kept = retain(100_000)
      const { cpuBurner } = await import('./test/programs/burn.mjs')
      cpuBurner('work')(200)
      process.exit()`)
    const types = profileFiles(outputDir).map((file) => file.split('-')[1])
    expect(types).toEqual(['cpu', 'heap'])
    const kept = having(profiles[1]?.samples ?? [], 'retain')
    // The array may also have grown in `push`, where V8 had not compiled the loop in time.
    expect(kept).not.toEqual([])
    for (const { labels } of kept) expect(labels).toEqual({ region: 'eu' })
  })

  it('blame nothing of spanprof’s on the app', async () => {
    const { profiles } = await run(`
      const fine = { ...heap, samplingIntervalBytes: 1024 }
      const profiler = await startProfiler({ logger, outputDir, heap: fine, cpu: true })
      globalThis.kept = retain(10_000)
      for (let i = 0; i < 200; i++) {
        withLabels({ i }, () => {})
        if (i % 50 === 0) await profiler.flush()
      }
      await profiler.stop()`)
    const locations = samplesOf(profiles).flatMap(({ locations }) => locations)
    expect(locations.map(({ name }) => name)).toContain('(spanprof)')
    for (const { file } of locations) expect(file).not.toMatch(/^spanprof:|\/dist\//)
  })

  it('can be had on request, by several at once', async () => {
    const { printed, outputDir } = await run(`
      const profiler = await startProfiler({ logger, outputDir, heap, cpu: false })
      globalThis.kept = retain(100_000)
      const results = await Promise.all([profiler.heapProfile(), profiler.heapProfile()])
      await results[0].write(outputDir + '/asked.pb.gz')
      const types = results[1].heap.sampleType.map(({ type }) => results[1].heap.stringTable.strings[type])
      print([types, results[0].encode().length > 0, profiler.stats().heapReads])
      await profiler.stop()
      print(await codeOf(profiler.heapProfile()))`)
    expect(printed).toEqual([[['inuse_objects', 'inuse_space'], true, 1], 'ERR_HEAP_NOT_PROFILED'])
    const asked = decodeProfile(readFileSync(`${outputDir}/asked.pb.gz`))
    expect(inUse(asked, 'retain')).toBeGreaterThan(0)
  })

  it('cannot be had where they are off', async () => {
    const { printed } = await run(`
      const profiler = await startProfiler({ logger, outputDir })
      print(await codeOf(profiler.heapProfile()))
      await profiler.stop()`)
    expect(printed).toEqual(['ERR_HEAP_NOT_PROFILED'])
  })

  it('leave V8 as they found it when stopped', async () => {
    const { printed } = await run(`
      const isOn = () => post('HeapProfiler.getSamplingProfile').then(() => true, () => false)
      const states = [await isOn()]
      const profiler = await startProfiler({ logger, outputDir, heap, cpu: false })
      states.push(await isOn())
      await profiler.stop()
      states.push(await isOn())
      const next = await startProfiler({ logger, outputDir, heap, cpu: false })
      await next.stop()
      print([...states, next.stats().heapReads, logged])`)
    expect(printed).toEqual([[false, true, false, 1, []]])
  })

  it('end with the profiler, though others go on to use its thread', async () => {
    const { printed } = await run(`
      const { profile } = await import('spanprof')
      const profiler = await startProfiler({ logger, outputDir, heap })
      const ending = new AbortController()
      let done = false
      const shot = profile({ durationMs: 60_000, signal: ending.signal }).catch(() => { done = true })
      await profiler.stop()
      print(await post('HeapProfiler.getSamplingProfile').then(() => true, () => done))
      ending.abort()
      await shot`)
    expect(printed).toEqual([false])
  })

  it('hold no stack that V8 could not hand over', async () => {
    const { profiles } = await run(`
      const deep = { ...heap, stackDepth: 128, samplingIntervalBytes: 1024 }
      const profiler = await startProfiler({ logger, outputDir, heap: deep, cpu: false })
      const recurse = (depth) => depth === 0 ? retain(1000) : recurse(depth - 1) ?? []
      globalThis.kept = recurse(1000)
      await profiler.stop()`)
    const [deepest] = having(profiles[0]?.samples ?? [], 'recurse')
    expect(deepest?.stack).toHaveLength(128)
  })

  it('keep the innermost frames of each stack', async () => {
    const { profiles } = await run(`
      const shallow = { ...heap, stackDepth: 2, samplingIntervalBytes: 1024 }
      const profiler = await startProfiler({ logger, outputDir, heap: shallow, cpu: false })
      const caller = () => retain(1000)
      const main = () => caller()
      globalThis.kept = main()
      await profiler.stop()`)
    const [kept] = having(profiles[0]?.samples ?? [], 'retain')
    expect(kept?.stack).toEqual(['retain', 'caller'])
  })
})

describe.concurrent('profiles of allocations', () => {
  it('hold all that was allocated since the last one, collected or not', async () => {
    const { profiles, outputDir } = await run(`
      const profiler = await startProfiler({ logger, outputDir, cpu: false, heap: { ...heap, allocations: true } })
      const BYTES = 16 + 8 + 80 // The array, and its ten elements with their header.
      let last
      function churn(megabytes) {
        for (let bytes = 0; bytes < megabytes * 1e6; bytes += BYTES) last = new Array(10).fill(bytes | 0)
      }
      for (const megabytes of [100, 200, 100]) {
        churn(megabytes)
        await profiler.flush()
      }
      await profiler.stop()`)
    expect(profileFiles(outputDir)[0]).toMatch(/-alloc-/)
    expect(profiles[0]?.sampleTypes).toEqual(['alloc_objects/count', 'alloc_space/bytes'])
    const churned = profiles.map(({ samples }) => sumOf(having(samples, 'churn'), 'alloc_space'))
    const [first, second, third] = churned.map((bytes) => bytes / 1e6)
    expectNear(second ?? 0, 2 * (first ?? 0))
    expectNear(third ?? 0, first ?? 0)
    expect(first).toBeGreaterThan(80)
    expect(first).toBeLessThan(150)
  })

  it('are sampled at wider intervals where there are very many', async () => {
    const { printed, profiles } = await run(`
      const fine = { ...heap, samplingIntervalBytes: 8192, allocations: true }
      const profiler = await startProfiler({ logger, outputDir, cpu: false, heap: fine })
      let last
      function churn(count) {
        for (let i = 0; i < count; i++) last = new Array(10).fill(i)
      }
      for (let i = 0; i < 6; i++) {
        churn(1_000_000)
        await profiler.flush()
      }
      await profiler.stop()
      print(profiler.stats().heapReadFailures)`)
    // 104 MB each time are 12,700 samples, and more than are aimed at.
    const periods = profiles.map(({ period }) => period ?? 0)
    expect(Math.max(...periods)).toBeGreaterThan(8192)
    expect(printed[0]).toBeLessThan(6)
    for (const { samples, period = 0 } of profiles) {
      expect(sumOf(samples, 'alloc_space') / period).toBeLessThan(2 * 16_384)
    }
  })

  it('end no process, however many samples there are', async () => {
    const { printed, profiles } = await run(`
      const fine = { ...heap, samplingIntervalBytes: 1024, allocations: true }
      const profiler = await startProfiler({ logger, outputDir, cpu: false, heap: fine })
      const { setTimeout: sleep } = await import('node:timers/promises')
      let last
      // Some GB, which are a few million samples.
      for (let n = 0; n < 400; n++) {
        for (let i = 0; i < 1000; i++) last = new Array(1000).fill(i)
        await sleep(1)
      }
      await profiler.stop()
      print([profiler.stats().heapReadFailures, logged])`)
    const [[failures, logged]] = printed
    expect(failures).toBeGreaterThan(0)
    expect(logged).toEqual([expect.stringMatching(/discarded, as it has become more than 16384/)])
    expect(profiles.every(({ period = 0 }) => period > 1024)).toBe(true)
  })
})

describe.concurrent('another who samples the heap', () => {
  it('keeps it: there are no heap profiles, with one line in the log', async () => {
    const { printed } = await run(`
      await post('HeapProfiler.enable')
      await post('HeapProfiler.startSampling', { samplingInterval: 1024 })
      const profiler = await startProfiler({ logger, outputDir, heap })
      await profiler.flush()
      print(await codeOf(profiler.heapProfile()))
      await profiler.stop()
      globalThis.kept = retain(10_000)
      const { profile } = await post('HeapProfiler.stopSampling')
      print(profile.samples.length > 10)
      print(logged)`)
    expect(printed).toEqual([
      'ERR_HEAP_NOT_PROFILED',
      true,
      [
        expect.stringMatching(
          /^spanprof: no heap profiles: something else is already sampling the heap/,
        ),
      ],
    ])
  })

  it('keeps it with stacks of any depth', async () => {
    const { printed } = await run(`
      const { startHeapProfile } = await import('node:v8')
      const handle = startHeapProfile?.({ sampleInterval: 1024, stackDepth: 1024 })
      const recurse = (depth) => depth === 0 ? retain(1000) : recurse(depth - 1) ?? []
      globalThis.kept = recurse(1000)
      const profiler = await startProfiler({ logger, outputDir, heap })
      await profiler.stop()
      print([handle !== undefined, logged.length, handle?.stop().length > 0])`)
    expect(printed).toEqual([readsWithoutCollection ? [true, 1, true] : [false, 0, false]])
  })

  it('is left alone by a process that was started with --heap-prof', async () => {
    const directory = temporaryDirectory()
    await run(
      `const profiler = await startProfiler({ logger, outputDir, heap })
      await profiler.stop()
      if (logged.length !== 1) throw new Error(logged.join())`,
      ['--heap-prof', `--heap-prof-dir=${directory}`],
    )
    const [file] = readdirSync(directory)
    expect(JSON.parse(readFileSync(`${directory}/${file}`, 'utf8'))).toHaveProperty('head')
  })

  it('keeps it where it was begun over ours: its samples are not taken for ours', async () => {
    const { printed, profiles } = await run(`
      const profiler = await startProfiler({ logger, outputDir, heap, cpu: false })
      await post('HeapProfiler.enable')
      await post('HeapProfiler.startSampling') // In vain, but then it may be stopped.
      await post('HeapProfiler.stopSampling')
      await post('HeapProfiler.startSampling', { samplingInterval: 1024 })
      globalThis.kept = retain(10_000)
      await profiler.flush()
      print(await codeOf(profiler.heapProfile()))
      const { profile } = await post('HeapProfiler.getSamplingProfile')
      print(profile.samples.length > 10)
      await profiler.stop()
      print(logged)`)
    expect(printed).toEqual([
      'ERR_HEAP_NOT_PROFILED',
      true,
      [expect.stringMatching(/^spanprof: no heap profiles: something else is already sampling/)],
    ])
    expect(profiles).toEqual([])
  })

  it('who stops it costs one profile, and one line', async () => {
    const { printed } = await run(`
      const profiler = await startProfiler({ logger, outputDir, heap, cpu: false })
      await post('HeapProfiler.stopSampling')
      await profiler.flush()
      const { heapReads, heapReadFailures } = profiler.stats()
      globalThis.kept = retain(100_000)
      await profiler.flush()
      await profiler.stop()
      print([heapReads, heapReadFailures, profiler.stats().heapReads, profiler.stats().heapReadFailures])
      print(logged)`)
    expect(printed).toEqual([
      [0, 1, 2, 1],
      [expect.stringMatching(/^spanprof: the heap could not be profiled: .*was not started/)],
    ])
  })
})

it('a sampler thread that dies leaves no sampling of the heap behind', async () => {
  const { printed, outputDir } = await run(`
    const { Worker } = await import('node:worker_threads')
    const { postMessage } = Worker.prototype
    let worker
    Worker.prototype.postMessage = function (...args) {
      worker = this
      return postMessage.apply(this, args)
    }
    const profiler = await startProfiler({ logger, outputDir, heap, cpu: false })
    await worker.terminate()
    print(await codeOf(profiler.heapProfile()))
    await profiler.stop()
    const isOn = await post('HeapProfiler.getSamplingProfile').then(() => true, () => false)
    const next = await startProfiler({ logger, outputDir, heap, cpu: false })
    globalThis.kept = retain(100_000)
    await next.stop()
    print([isOn, next.stats().heapReads])`)
  expect(printed).toEqual(['ERR_SAMPLER_FAILED', [false, 1]])
  expect(existsSync(outputDir)).toBe(true)
})
