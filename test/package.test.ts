import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { runCode, runProgram, temporaryDirectory } from './program.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))

describe('the package', () => {
  it('starts nothing when imported', async () => {
    const { stdout, stderr } = await runCode(`
      import { AsyncResource } from 'node:async_hooks'
      const state = () => [AsyncResource.prototype.runInAsyncScope, process.kill, globalThis.console,
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
    expect(stdout).toBe('profile,SpanprofError,startProfiler,withLabels\n')
    expect(readdirSync(directory)).toHaveLength(1)
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
    expect(pending.toSorted()).toEqual([
      '@jridgewell/resolve-uri',
      '@jridgewell/sourcemap-codec',
      '@jridgewell/trace-mapping',
      'pprof-format',
      'undici',
    ])
  })

  it('is typed for those who use it', () => {
    const source = `import { profile, type Profiler, SpanprofError, startProfiler, withLabels } from 'spanprof'
      const profiler: Profiler = await startProfiler({ outputDir: 'x', tags: { shard: 1 } })
      const total: number = withLabels({ tenant: 'acme' }, () => 7)
      const later: Promise<string> = withLabels({ shard: 1 }, async () => 'x')
      const windows: number = profiler.stats().windows
      const bytes: Uint8Array = (await profile({ durationMs: 10 })).encode()
      // @ts-expect-error no such option
      await startProfiler({ outputDirectory: 'x' })
      console.log(total, later, windows, bytes, SpanprofError)\n`
    const file = join(ROOT, 'test', 'programs', `types-${process.pid}.mts`)
    writeFileSync(file, source)
    try {
      const tsc = join(
        dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
        'bin',
        'tsc',
      )
      const flags = [
        '--noEmit',
        '--strict',
        '--module',
        'nodenext',
        '--target',
        'es2022',
        '--types',
        'node',
      ]
      const output = execFileSync(process.execPath, [tsc, '--ignoreConfig', ...flags, file], {
        cwd: ROOT,
        encoding: 'utf8',
      })
      expect(output).toBe('')
    } finally {
      execFileSync('rm', [file])
    }
  })
})
