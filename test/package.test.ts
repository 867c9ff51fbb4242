import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { runCode, runProgram, temporaryDirectory } from './program.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))

const OWN = ['SpanprofError', 'profile', 'startProfiler', 'updateLabels', 'withLabels']
const DROP_IN = [
  'SourceMapper',
  'expressMiddleware',
  'fastifyMiddleware',
  'getLabels',
  'getWallLabels',
  'init',
  'pullHandler',
  'setLabels',
  'setLogger',
  'setWallLabels',
  'start',
  'startCpuProfiling',
  'startHeapProfiling',
  'startWallProfiling',
  'stop',
  'stopCpuProfiling',
  'stopHeapProfiling',
  'stopWallProfiling',
  'wrapWithLabels',
]

describe('the package', () => {
  it('starts nothing when imported', async () => {
    const { stdout, stderr } = await runCode(`
      const state = () => [process.kill, globalThis.console,
        ...['exit', 'SIGTERM', 'SIGINT', 'uncaughtException'].map((name) => process.listenerCount(name))]
      const before = state()
      const timersAndThreads = () =>
        process.getActiveResourcesInfo().filter((name) => /Timeout|Worker|Port/.test(name)).length
      await import('spanprof')
      console.log(state().every((part, i) => part === before[i]), Reflect.ownKeys(globalThis)
        .some((key) => String(key).includes('spanprof')), timersAndThreads())`)
    expect(stderr).toBe('')
    expect(stdout).toBe('true false 0\n')
  })

  it('can be required from CommonJS', async () => {
    const directory = temporaryDirectory()
    const { stdout, stderr, code } = await runProgram('commonjs.cjs', { args: [directory] })
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    expect(stdout.trim().split(',')).toEqual(['__esModule', 'default', ...OWN, ...DROP_IN].sort())
    expect(readdirSync(directory)).toHaveLength(1)
  })

  it('has the names of the SDK that it replaces, also as members of its default export', async () => {
    const { stdout, stderr } = await runCode(`
      import { createRequire } from 'node:module'
      import * as module from 'spanprof'
      const required = createRequire(process.cwd() + '/')('spanprof')
      const dropIn = Object.keys(module.default)
      console.log(JSON.stringify([
        Object.keys(module).sort(),
        dropIn.sort(),
        dropIn.every((name) => module.default[name] === module[name]),
        dropIn.every((name) => required[name] === module[name]),
        required.default === module.default,
      ]))`)
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual([
      ['default', ...OWN, ...DROP_IN].sort(),
      [...DROP_IN].sort(),
      true,
      true,
      true,
    ])
  })

  it('has no native code and no install script in its run-time dependencies', () => {
    const require = createRequire(import.meta.url)
    const pending = Object.keys(manifest.dependencies)
    for (const name of pending) {
      const directory = dirname(require.resolve(`${name}/package.json`))
      const dependency = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
      for (const script of ['preinstall', 'install', 'postinstall']) {
        expect(dependency.scripts?.[script], `${name} ${script}`).toBeUndefined()
      }
      const files = readdirSync(directory, { recursive: true }).map(String)
      expect(files.filter((file) => /\.node$|binding\.gyp$/.test(file))).toEqual([])
      pending.push(...Object.keys(dependency.dependencies ?? {}))
    }
    expect(pending.toSorted()).toEqual(['pprof-format', 'undici'])
  })

  it('is typed for those who use it', () => {
    expectToCompile(`import { profile, type Profiler, SpanprofError, startProfiler, withLabels } from 'spanprof'
      const profiler: Profiler = await startProfiler({ outputDir: 'x', tags: { shard: 1 } })
      const total: number = withLabels({ tenant: 'acme' }, () => 7)
      const later: Promise<string> = withLabels({ shard: 1 }, async () => 'x')
      const windows: number = profiler.stats().windows
      const { signal } = new AbortController()
      const bytes: Uint8Array = (await profile({ durationMs: 10, signal })).encode()
      // @ts-expect-error no such option
      await startProfiler({ outputDirectory: 'x' })
      console.log(total, later, windows, bytes, SpanprofError)\n`)
  })

  it.each(['node16', 'node20'])('is typed for CommonJS, also of module %s', async (module) => {
    const names = Object.keys(await import('spanprof')).filter((name) => name !== 'default')
    expectToCompile(
      `import Pyroscope, { ${names.join(', ')} } from 'spanprof'
      import type { Profiler, ProfilerOptions, PyroscopeConfig } from 'spanprof'
      import { SpanProfilesProcessor, wrapTracerProvider } from 'spanprof/otel'
      const config: PyroscopeConfig = { sourceMapper: new SourceMapper() }
      Pyroscope.init(config)
      const options: ProfilerOptions = { outputDir: 'x' }
      const profiler: Promise<Profiler> = startProfiler(options)
      const total: number = withLabels({ tenant: 'acme' }, () => 7)
      const mapper: Promise<SourceMapper> = SourceMapper.create(['.'])
      const isOurs = (error: unknown): error is SpanprofError => error instanceof SpanprofError
      const processor: SpanProfilesProcessor = new SpanProfilesProcessor()
      // @ts-expect-error no such option
      init({ application: 'x' })
      console.log(profiler, total, mapper, isOurs, processor, wrapTracerProvider, ${names.join(', ')})\n`,
      { extension: 'cts', module },
    )
  })

  it('is typed as the SDK that it replaces, and for its frameworks', () => {
    expectToCompile(`import Pyroscope from 'spanprof'
      import type { PyroscopeConfig, PyroscopeHeapConfig, PyroscopeWallConfig } from 'spanprof'
      import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
      import Fastify from 'fastify'
      const wall: PyroscopeWallConfig = { collectCpuTime: true, samplingIntervalMicros: undefined }
      const heap: PyroscopeHeapConfig = { stackDepth: 32 }
      const region: string | undefined = process.env.REGION
      const config: PyroscopeConfig = { appName: region, tags: { shard: 1 }, wall, heap }
      Pyroscope.init({ ...config, sourceMapper: await Pyroscope.SourceMapper.create(['.'], true) })
      Pyroscope.init()
      Pyroscope.start()
      const stopped: Promise<void> = Pyroscope.stop()
      const value: number = Pyroscope.wrapWithLabels({ a: 1 }, (x: number) => x, 2)
      Pyroscope.wrapWithLabels({ a: 'b' }, () => {}, 1, 'more')
      const labels: Record<string, string | number> = Pyroscope.getLabels()
      Pyroscope.setLabels(labels)
      type Log = (...args: Array<{}>) => void
      declare const logger: Record<'error' | 'trace' | 'debug' | 'info' | 'warn' | 'fatal', Log>
      Pyroscope.setLogger(logger)
      Pyroscope.setLogger(console)
      const log: Log = () => {}
      Pyroscope.setLogger({ error: log, warn: log, info: log, debug: log, trace: log, fatal: log })
      await Fastify().register(Pyroscope.fastifyMiddleware())
      createServer(Pyroscope.pullHandler())
      interface Express { use(handler: (request: Request, response: Response, next: (error?: any) => void) => void): void }
      interface Request extends IncomingMessage { path: string }
      interface Response extends ServerResponse { locals: object }
      declare const app: Express
      app.use(Pyroscope.expressMiddleware())
      // @ts-expect-error no such option
      Pyroscope.init({ application: 'x' })
      console.log(stopped, value)\n`)
  })
})

/** In a module of its own within the package, so that \`spanprof\` means it. */
function expectToCompile(source: string, { extension = 'mts', module = 'nodenext' } = {}): void {
  const require = createRequire(import.meta.url)
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')
  const file = join(ROOT, 'test', 'programs', `types-${process.pid}.${extension}`)
  writeFileSync(file, source)
  try {
    const flags = `--noEmit --strict --module ${module} --target es2022 --types node`
    const args = [tsc, '--ignoreConfig', ...flags.split(' '), file]
    expect(spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' }).stdout).toBe('')
  } finally {
    rmSync(file)
  }
}
