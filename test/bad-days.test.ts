import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { decodeDirectory, profileFiles } from './decoded-profile.ts'
import { type ProgramOptions, runCode, temporaryDirectory } from './program.ts'
import { canMount, mountSmallDisk } from './small-disk.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

const PRELUDE = `import { startProfiler, profile, withLabels } from 'spanprof'
  const { cpuBurner } = await import('./test/programs/burn.mjs')
  const burn = cpuBurner('burn')
  const logged = []
  const logger = { warn: (line) => logged.push(line), info: (line) => logged.push(line) }
  const print = (value) => console.log(JSON.stringify(value))
`

async function run(code: string, options?: ProgramOptions) {
  const { stdout, stderr, ...ended } = await runCode(PRELUDE + code, options)
  return {
    ...ended,
    stderr,
    printed: stdout
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
  }
}

/** What `startProfiler` says to a process that was started with these flags. */
async function refusal(nodeArgs: readonly string[], directory = temporaryDirectory()) {
  const { printed } = await run(
    `await startProfiler({ outputDir: ${JSON.stringify(directory)} }).then(
      async (profiler) => { burn(100); await profiler.stop(); print({ code: 'none' }) },
      ({ name, code, message }) => print({ name, code, message }))`,
    { nodeArgs },
  )
  return printed[0]
}

describe('a directory that cannot be written to while running', () => {
  it('costs the profiles, counted, with one line in the log, until it can', async () => {
    const directory = join(temporaryDirectory(), 'profiles')
    const { printed, stderr, code } = await run(`
      const { rmSync, writeFileSync } = await import('node:fs')
      const outputDir = ${JSON.stringify(directory)}
      const profiler = await startProfiler({ outputDir, logger })
      const flush = async () => { burn(50); await profiler.flush() }
      await flush()
      rmSync(outputDir, { recursive: true })
      await flush()
      rmSync(outputDir, { recursive: true })
      writeFileSync(outputDir, 'in the way')
      for (let i = 0; i < 3; i++) await flush()
      rmSync(outputDir)
      await flush()
      const { profilesWritten, profilesDropped } = profiler.stats()
      print({ profilesWritten, profilesDropped, logged })
      await profiler.stop()`)
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    expect(printed).toEqual([
      {
        profilesWritten: 3,
        profilesDropped: 3,
        logged: [expect.stringContaining(directory), expect.stringContaining('profiles lost: 3')],
      },
    ])
    expect(profileFiles(directory).length).toBeGreaterThan(0)
  })

  it('is told by a warning of Node’s where there is no logger', async () => {
    const directory = join(temporaryDirectory(), 'profiles')
    const { stderr, code } = await run(`
      const { rmSync, writeFileSync } = await import('node:fs')
      const outputDir = ${JSON.stringify(directory)}
      const profiler = await startProfiler({ outputDir })
      rmSync(outputDir, { recursive: true })
      writeFileSync(outputDir, 'in the way')
      for (let i = 0; i < 3; i++) { burn(50); await profiler.flush() }
      await profiler.stop()`)
    expect(code).toBe(0)
    expect(stderr.match(/SpanprofWarning: spanprof: cannot write profiles to/g)).toHaveLength(1)
  })

  it.skipIf(!canMount())('may be a full disk', async () => {
    const directory = mountSmallDisk()
    const { printed, stderr } = await run(`
      const { writeFileSync, rmSync } = await import('node:fs')
      const outputDir = ${JSON.stringify(directory)}
      const profiler = await startProfiler({ outputDir, logger })
      try { writeFileSync(outputDir + '/filler', Buffer.alloc(1 << 20)) } catch {}
      burn(50)
      await profiler.flush()
      rmSync(outputDir + '/filler')
      burn(50)
      await profiler.flush()
      const { profilesWritten, profilesDropped } = profiler.stats()
      print({ profilesWritten, profilesDropped, logged })
      await profiler.stop()`)
    expect(stderr).toBe('')
    expect(printed).toEqual([
      {
        profilesWritten: 1,
        profilesDropped: 1,
        logged: [expect.stringContaining('ENOSPC'), expect.stringContaining('profiles lost: 1')],
      },
    ])
    expect(decodeDirectory(directory)).not.toEqual([])
  })
})

describe('the permission model', () => {
  const flag = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission'
  const files = [flag, '--allow-fs-read=*', '--allow-fs-write=*']
  const canAllowInspector = process.allowedNodeEnvironmentFlags.has('--allow-inspector')

  it('that denies workers is named with the flag to give', async () => {
    expect(await refusal(files)).toEqual({
      name: 'SpanprofError',
      code: 'ERR_WORKER_DENIED',
      message: expect.stringContaining('--allow-worker'),
    })
  })

  it('that denies the inspector is named with the flag to give', async () => {
    expect(await refusal([...files, '--allow-worker'])).toEqual({
      name: 'SpanprofError',
      code: 'ERR_INSPECTOR_UNAVAILABLE',
      message: expect.stringContaining('--allow-inspector'),
    })
  })

  it.runIf(canAllowInspector)('that allows all it takes is no obstacle', async () => {
    const flags = [...files, '--allow-worker', '--allow-inspector']
    expect(await refusal(flags)).toEqual({ code: 'none' })
  })

  it.runIf(canAllowInspector)('that denies the output directory is named', async () => {
    const flags = [flag, '--allow-fs-read=*', '--allow-worker', '--allow-inspector']
    expect(await refusal(flags)).toMatchObject({ code: 'ERR_OUTPUT_DIR' })
  })
})

describe('another runtime', () => {
  it.each([
    ['Bun', `Object.defineProperty(process.versions, 'bun', { value: '1.4.5' })`],
    ['Deno', 'globalThis.Deno = {}'],
  ])('%s is told that it has no inspector', async (name, pretend) => {
    const { printed } = await run(`${pretend}
      await startProfiler({ outputDir: 'x' }).catch(({ code, message }) => print({ code, message }))`)
    expect(printed).toEqual([
      { code: 'ERR_UNSUPPORTED_RUNTIME', message: expect.stringContaining(name) },
    ])
  })

  it('a Node.js without the inspector is told so', async () => {
    const { printed } = await run(`
      globalThis.process = Object.create(process, { features: { value: { inspector: false } } })
      await startProfiler({ outputDir: 'x' }).catch(({ code, message }) => print({ code, message }))`)
    expect(printed[0].code).toBe('ERR_INSPECTOR_UNAVAILABLE')
  })

  it('a worker thread is told to leave it to the main thread', async () => {
    const { printed } = await run(`
      const { Worker } = await import('node:worker_threads')
      const source = "import('spanprof').then(({ startProfiler }) => startProfiler({ outputDir: 'x' }))" +
        '.catch(({ code }) => require("node:worker_threads").parentPort.postMessage(code))'
      const worker = new Worker(source, { eval: true, execArgv: [] })
      worker.on('message', print)`)
    expect(printed).toEqual(['ERR_NOT_MAIN_THREAD'])
  })
})

describe('a second copy of the package', () => {
  const copy = () => {
    const directory = temporaryDirectory()
    const packageDir = join(directory, 'node_modules', 'spanprof')
    mkdirSync(packageDir, { recursive: true })
    execFileSync('cp', ['-r', join(ROOT, 'dist'), join(ROOT, 'package.json'), packageDir])
    symlinkSync(
      join(ROOT, 'node_modules', 'pprof-format'),
      join(directory, 'node_modules', 'pprof-format'),
    )
    return join(packageDir, 'dist', 'index.js')
  }

  it('finds the first one and says so', async () => {
    const other = copy()
    const { printed } = await run(`
      const outputDir = ${JSON.stringify(temporaryDirectory())}
      const second = await import(${JSON.stringify(other)})
      const profiler = await startProfiler({ outputDir })
      await second.startProfiler({ outputDir }).catch(({ code, message }) => print({ code, message }))
      await second.profile({ durationMs: 10 }).catch(({ code }) => print(code))
      await profiler.stop()
      const afterwards = await second.startProfiler({ outputDir })
      await afterwards.stop()
      print('started')`)
    expect(printed).toEqual([
      { code: 'ERR_ALREADY_RUNNING', message: expect.stringContaining('another copy') },
      'ERR_ALREADY_RUNNING',
      'started',
    ])
    expect(printed[0].message).toContain(ROOT)
  })

  it('labels samples of the first one', async () => {
    const other = copy()
    const directory = temporaryDirectory()
    await run(`
      const second = await import(${JSON.stringify(other)})
      const profiler = await startProfiler({ outputDir: ${JSON.stringify(directory)} })
      second.withLabels({ from: 'second' }, () => withLabels({ and: 'first' }, () => burn(200)))
      await profiler.stop()`)
    const burnt = decodeDirectory(directory)
      .flatMap(({ samples }) => samples)
      .filter(({ stack }) => stack.includes('burn'))
    expect(burnt).not.toEqual([])
    for (const { labels } of burnt) expect(labels).toEqual({ from: 'second', and: 'first' })
  })
})

describe('a sampler thread that dies', () => {
  it('ends profiling with one line, and the app goes on', async () => {
    const { printed, stderr, code } = await run(`
      const { Worker } = await import('node:worker_threads')
      const { postMessage } = Worker.prototype
      let worker
      Worker.prototype.postMessage = function (...args) {
        worker = this
        return postMessage.apply(this, args)
      }
      const outputDir = ${JSON.stringify(temporaryDirectory())}
      const profiler = await startProfiler({ outputDir, logger })
      await worker.terminate()
      burn(50)
      print(await profiler.flush().catch(({ code }) => code))
      await profiler.stop()
      print(logged)
      const next = await startProfiler({ outputDir })
      await next.stop()
      print('started')`)
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    expect(printed).toEqual([
      'ERR_SAMPLER_FAILED',
      [expect.stringContaining('profiling stopped')],
      'started',
    ])
  })
})

describe('an app that blocks its event loop', () => {
  it('is sampled all the while', async () => {
    const directory = temporaryDirectory()
    await run(`
      const profiler = await startProfiler({ outputDir: ${JSON.stringify(directory)}, flushIntervalMs: 500 })
      withLabels({ at: 'work' }, () => burn(2500))
      await profiler.stop()`)
    const profiles = decodeDirectory(directory)
    expect(profiles.length).toBeGreaterThan(2)
  })

  it('in a wait that runs no JavaScript loses no window around it', async () => {
    const directory = temporaryDirectory()
    const { printed } = await run(`
      const profiler = await startProfiler({ outputDir: ${JSON.stringify(directory)} })
      burn(100)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500)
      burn(100)
      await profiler.stop()
      print(profiler.stats())`)
    expect(printed[0]).toMatchObject({ samplerRestarts: 0, labelFailures: 0, profilesDropped: 0 })
    // The wait took samples, but no CPU time.
    const waited = decodeDirectory(directory)
      .flatMap(({ samples }) => samples)
      .filter(({ stack }) => !stack.includes('burn'))
    const millis = waited.reduce((sum, { cpuNanos }) => sum + cpuNanos, 0) / 1e6
    expect(millis).toBeLessThan(200)
  })
})
