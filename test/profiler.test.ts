import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decodeDirectory, having, profileFiles, samplesOf, total } from './decoded-profile.ts'
import { runCode, temporaryDirectory } from './program.ts'

/** Of CPU time: in a time of its own it has few samples, or none, where many share the machine. */
const BURN = `const { cpuBurner, threadCpuNanos } = await import('./test/programs/burn.mjs')
const burn = cpuBurner('burn')
`

/** Runs code that has `spanprof` and an output directory, and returns what it prints as JSON. */
async function run(code: string, directory = temporaryDirectory(), nodeArgs: string[] = []) {
  const source = `import * as spanprof from 'spanprof'
    const { startProfiler, profile, withLabels } = spanprof
    const outputDir = ${JSON.stringify(directory)}
    const print = (value) => console.log(JSON.stringify(value))
    const codeOf = (promise) => promise.then(() => 'none', (error) => error.code)
    ${BURN}${code}`
  const { stdout, stderr, ...ended } = await runCode(source, { nodeArgs })
  expect(stderr).toBe('')
  expect(ended).toEqual({ code: 0, signal: null })
  return {
    printed: stdout
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
    directory,
  }
}

describe('a profiler', () => {
  it('writes what ran, with its labels and tags', async () => {
    const { directory } = await run(`
      const profiler = await startProfiler({ outputDir, appName: 'shop', tags: { region: 'eu' } })
      await withLabels({ tenant: 'acme' }, async () => { await null; burn(200) })
      await profiler.stop()`)
    expect(profileFiles(directory)).toEqual([
      expect.stringMatching(/^shop-cpu-\d{8}T\d{9}Z-\d+\.pb\.gz$/),
    ])
    const [profile] = decodeDirectory(directory)
    expect(profile?.binary).toBe('shop')
    const burnt = having(profile?.samples ?? [], 'burn')
    expect(burnt).not.toEqual([])
    for (const { labels } of burnt) expect(labels).toEqual({ tenant: 'acme', region: 'eu' })
    const burn = burnt[0]?.locations.find(({ name }) => name === 'burn')
    expect(burn?.line).toBeGreaterThanOrEqual(burn?.startLine ?? Number.POSITIVE_INFINITY)
  })

  it('conserves CPU time over many flushes', async () => {
    const { printed, directory } = await run(`
      const profiler = await startProfiler({ outputDir, flushIntervalMs: 300 })
      // The samples in the stats are those in the profiles where a flush has ended one window, and no
      // other one has ended since. Those before the first profile and after the last are in none.
      async function flushed() {
        for (;;) {
          const { windows } = profiler.stats()
          await profiler.flush()
          const stats = profiler.stats()
          if (stats.windows === windows + 1) return stats
        }
      }
      const first = await flushed()
      const before = threadCpuNanos()
      for (let i = 0; i < 30; i++) {
        burn(60)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      const burnt = threadCpuNanos() - before
      const last = await flushed()
      await profiler.stop()
      print({ burnt, first, last, ...profiler.stats() })`)
    const [{ burnt, first, last, cpuNanos, profilesWritten }] = printed
    const profiles = decodeDirectory(directory)
    expect(profiles).toHaveLength(profilesWritten)
    const between = profiles.slice(first.profilesWritten, last.profilesWritten)
    expect(between.length).toBeGreaterThan(3)
    expect(total(samplesOf(between), 'count')).toBe(last.samples - first.samples)
    const nanos = total(samplesOf(profiles), 'cpuNanos')
    expect(nanos).toBeLessThanOrEqual(cpuNanos + 1000)
    // The start and the stop themselves are in the profiles, and not in the loop.
    expect(nanos).toBeGreaterThan(0.98 * burnt)
    expect(nanos).toBeLessThan(1.1 * burnt)
  })

  it('bills two functions that burn the same alike, though one is compiled afresh each time', async () => {
    const { directory } = await run(`
      const profiler = await startProfiler({ outputDir, samplingIntervalMicros: 1000 })
      const steady = cpuBurner('steady')
      for (let i = 0; i < 70; i++) {
        steady(20)
        cpuBurner('fresh')(20)
      }
      await profiler.stop()`)
    const samples = samplesOf(decodeDirectory(directory))
    for (const of of ['count', 'cpuNanos'] as const) {
      const [steady, fresh] = ['steady', 'fresh'].map((name) => total(having(samples, name), of))
      expect((steady ?? 0) / (fresh ?? 0)).toBeCloseTo(1, 0.7)
    }
  })

  it('flushes when asked, and what was sampled before is in the file', async () => {
    const { printed } = await run(`
      const { readdirSync } = await import('node:fs')
      const profiler = await startProfiler({ outputDir })
      const counts = []
      for (let i = 0; i < 3; i++) {
        burn(100)
        await profiler.flush()
        counts.push(readdirSync(outputDir).length)
      }
      await profiler.stop()
      print(counts)`)
    expect(printed).toEqual([[1, 2, 3]])
  })

  it('leaves no trace when stopped', async () => {
    const { printed } = await run(`
      const traces = () => [process.kill,
        process.listenerCount('exit'), process.listenerCount('SIGTERM'),
        process.getActiveResourcesInfo().filter((name) => /Timeout|Worker|Port|Signal/i.test(name)).join()]
      const before = traces()
      const profiler = await startProfiler({ outputDir, flushOnSignals: true })
      withLabels({ a: 1 }, () => burn(50))
      const during = traces()
      await profiler.stop()
      print(traces().map((trace, i) => trace === before[i]))
      print(during.map((trace, i) => trace === before[i]))`)
    expect(printed).toEqual([
      [true, true, true, true],
      [false, false, false, true],
    ])
  })

  it('may be stopped twice, flushed afterwards, and started again', async () => {
    const { printed } = await run(`
      const first = await startProfiler({ outputDir })
      burn(50)
      await Promise.all([first.stop(), first.stop()])
      await first.stop()
      await first.flush()
      const second = await startProfiler({ outputDir })
      burn(50)
      await second.stop()
      print([first.stats().profilesWritten, second.stats().profilesWritten])`)
    expect(printed).toEqual([[1, 1]])
  })

  it('runs once in a process', async () => {
    const { printed } = await run(`
      const both = [startProfiler({ outputDir }), startProfiler({ outputDir })]
      print(await Promise.all(both.map(codeOf)))
      print(await codeOf(startProfiler({ outputDir })))
      await (await both[0]).stop()`)
    expect(printed).toEqual([['none', 'ERR_ALREADY_RUNNING'], 'ERR_ALREADY_RUNNING'])
  })

  it('does not keep the process alive', async () => {
    await run('await startProfiler({ outputDir })')
  })

  it('takes no sample of an app that only waits, and writes no file', async () => {
    const { printed, directory } = await run(`
      const profiler = await startProfiler({ outputDir })
      await profiler.flush()
      await new Promise((resolve) => setTimeout(resolve, 500))
      await profiler.stop()
      print(profiler.stats())`)
    expect(printed[0].idleSamples).toBeGreaterThan(10)
    expect(profileFiles(directory).length).toBe(printed[0].profilesWritten)
  })

  it('goes on when the app replaces the console and the clocks', async () => {
    const { directory } = await run(`
      const profiler = await startProfiler({ outputDir })
      globalThis.console = { log() {} }
      process.hrtime = () => [0, 0]
      performance.now = ((now) => () => now() / 1)(performance.now.bind(performance))
      globalThis.profile = globalThis.profileEnd = () => { throw new Error('not ours') }
      withLabels({ a: 1 }, () => burn(1500))
      await profiler.stop()`)
    const burnt = having(samplesOf(decodeDirectory(directory)), 'burn')
    expect(burnt).not.toEqual([])
    for (const { labels } of burnt) expect(labels).toEqual({ a: '1' })
  })

  it('lets the app have console profiles of its own', async () => {
    const { directory } = await run(`
      const profiler = await startProfiler({ outputDir })
      const inspector = await import('node:inspector')
      inspector.console.profile('mine')
      burn(500)
      inspector.console.profileEnd('mine')
      burn(500)
      await profiler.stop()`)
    const burnt = having(samplesOf(decodeDirectory(directory)), 'burn')
    expect(total(burnt, 'cpuNanos')).toBeGreaterThan(0)
  })

  it('does not run the files again that the app was started with', async () => {
    const directory = temporaryDirectory()
    const preload = join(directory, 'preload.cjs')
    writeFileSync(preload, 'process.stdout.write(JSON.stringify("preloaded") + "\\n")')
    const source = `import { startProfiler } from 'spanprof'
      await startProfiler({ outputDir: ${JSON.stringify(directory)} })`
    const { stdout, stderr } = await runCode(source, {
      nodeArgs: ['--require', preload],
      env: { NODE_OPTIONS: `--import ${preload}` },
    })
    expect(stderr).toBe('')
    // Node loads a CommonJS file once, however often it is told to.
    expect(stdout).toBe('"preloaded"\n')
  })

  it('can be started where labels are in use already', async () => {
    const { directory } = await run(`
      await withLabels({ early: 'yes' }, async () => {
        const profiler = await startProfiler({ outputDir })
        await null // V8 reports no await that began before.
        burn(200)
        await profiler.stop()
      })`)
    const burnt = having(samplesOf(decodeDirectory(directory)), 'burn')
    expect(burnt).not.toEqual([])
    for (const { labels } of burnt) expect(labels).toEqual({ early: 'yes' })
  })
})

describe('withLabels', () => {
  it('works without a profiler', async () => {
    const { printed } = await run(`
      print([withLabels({ a: 1 }, () => 7), await withLabels({ a: 1 }, async () => 8)])`)
    expect(printed).toEqual([[7, 8]])
  })

  it('refuses at the call what is no label', async () => {
    const { printed } = await run(`
      try { withLabels({ a: undefined }, () => {}) } catch (error) { print([error.code, error.message]) }`)
    expect(printed).toEqual([
      ['ERR_INVALID_LABEL', "label 'a' must be a string or a number, received undefined"],
    ])
  })

  it('shows what it cut in the stats', async () => {
    const { printed } = await run(`
      const profiler = await startProfiler({ outputDir })
      withLabels({ long: 'x'.repeat(5000) }, () => {})
      print(profiler.stats().labelsCut)
      await profiler.stop()`)
    expect(printed).toEqual([1])
  })
})

describe('profile', () => {
  it('profiles for a while and gives the result in memory', async () => {
    const directory = temporaryDirectory()
    const { printed } = await run(
      `// V8 does not inline it: of calls that it inlined before it sampled, it does not tell.
      const { burner } = await import('./test/programs/burn.mjs')
      const shortBurn = burner('burn')
      const done = profile({ durationMs: 300, samplingIntervalMicros: 1000, appName: 'once' })
      let finished = false
      done.then(() => { finished = true })
      while (!finished) {
        withLabels({ tenant: 'acme' }, () => shortBurn(10))
        await new Promise((resolve) => setImmediate(resolve))
      }
      const result = await done
      await result.write(outputDir + '/once.pb.gz')
      print({
        types: result.cpu.sampleType.map(({ type }) => result.cpu.stringTable.strings[type]),
        samples: result.cpu.sample.length > 0,
        same: Buffer.compare(result.encode(), (await import('node:fs')).readFileSync(outputDir + '/once.pb.gz')),
      })`,
      directory,
    )
    expect(printed).toEqual([{ types: ['samples', 'cpu'], samples: true, same: 0 }])
    const [profile] = decodeDirectory(directory)
    expect(profile?.binary).toBe('once')
    expect(having(profile?.samples ?? [], 'burn')).not.toEqual([])
  })

  it('runs beside a profiler and beside others, each with all there is', async () => {
    const { printed } = await run(`
      const profiler = await startProfiler({ outputDir, samplingIntervalMicros: 1000 })
      const shots = [1, 2, 3].map(() => profile({ durationMs: 300 }))
      const until = Date.now() + 500
      while (Date.now() < until) {
        burn(10)
        await new Promise((resolve) => setImmediate(resolve))
      }
      const counts = (await Promise.all(shots)).map(({ cpu }) =>
        cpu.sample.reduce((sum, { value }) => sum + Number(value[0]), 0))
      burn(50)
      await profiler.stop()
      print({ counts, samples: profiler.stats().samples })`)
    const [{ counts, samples }] = printed
    for (const count of counts) expect(count).toBeGreaterThan(5)
    expect(samples).toBeGreaterThan(Math.max(...counts))
  })

  it('refuses another interval than the one in use', async () => {
    const { printed } = await run(`
      const profiler = await startProfiler({ outputDir })
      print(await codeOf(profile({ durationMs: 10, samplingIntervalMicros: 5000 })))
      print(await codeOf(profile({ durationMs: 10, samplingIntervalMicros: 10000 })))
      await profiler.stop()`)
    expect(printed).toEqual(['ERR_ALREADY_RUNNING', 'none'])
  })

  it('ends when its signal says so, and so does the work for it', async () => {
    const { printed } = await run(`
      const { once } = await import('node:events')
      const worker = once(process, 'worker')
      const controller = new AbortController()
      const shot = profile({ durationMs: 3_600_000, signal: controller.signal })
      const [thread] = await worker
      await once(thread, 'online')
      setTimeout(() => controller.abort(new Error('enough')), 100)
      const ended = once(thread, 'exit')
      print(await shot.catch(({ message }) => message))
      await ended
      const late = profile({ durationMs: 10, signal: controller.signal })
      print(await late.catch(({ message }) => message))
      // Beside a profiler the thread goes on, and says itself that the shot has ended.
      process.once('worker', (worker) =>
        worker.on('message', ({ type, error }) => type === 'failure' && print(error.message)))
      const profiler = await startProfiler({ outputDir })
      print(await profile({ durationMs: 3_600_000, signal: AbortSignal.timeout(50) })
        .catch(({ name }) => name))
      await profiler.flush()
      await profiler.stop()`)
    expect(printed).toEqual(['enough', 'enough', 'TimeoutError', 'The operation was aborted'])
  })

  it('leaves nothing running', async () => {
    const { printed } = await run(`
      const before = process.listenerCount('exit')
      await profile({ durationMs: 20 })
      const profiler = await startProfiler({ outputDir, samplingIntervalMicros: 5000 })
      await profiler.stop()
      print(process.listenerCount('exit') - before)`)
    expect(printed).toEqual([0])
  })

  it('keeps the process alive as long as somebody waits for it', async () => {
    const { printed } = await run('print((await profile({ durationMs: 200 })).encode().length > 0)')
    expect(printed).toEqual([true])
  })
})

describe('a start that fails', () => {
  it('leaves the way free for the next one', async () => {
    const directory = temporaryDirectory()
    writeFileSync(join(directory, 'file'), '')
    const { printed } = await run(
      `print(await codeOf(startProfiler({ outputDir: outputDir + '/file' })))
      print(await codeOf(startProfiler({ outputDir, samplingIntervalMicros: 1 })))
      const profiler = await startProfiler({ outputDir })
      await profiler.stop()`,
      directory,
    )
    expect(printed).toEqual(['ERR_OUTPUT_DIR', 'ERR_INVALID_OPTION'])
  })

  it('says which directory it cannot write to, and why', async () => {
    const directory = join(temporaryDirectory(), 'file')
    writeFileSync(directory, '')
    const { printed } = await run(
      `await startProfiler({ outputDir }).catch((error) => print([error.name, error.message]))`,
      directory,
    )
    expect(printed[0]?.[0]).toBe('SpanprofError')
    expect(printed[0]?.[1]).toContain(directory)
    expect(printed[0]?.[1]).toContain('EEXIST')
    expect(existsSync(join(directory, '..', 'x'))).toBe(false)
  })
})
