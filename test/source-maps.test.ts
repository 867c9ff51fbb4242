import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { type DecodedSample, decodeDirectory, samplesOf } from './decoded-profile.ts'
import { type ProgramOptions, runCode, runProgram, temporaryDirectory } from './program.ts'
import { bundled, compiledByTypeScript, SHOP } from './source-maps/compiled.ts'

/** Where a function is in the source, by its text. */
function linesOf(file: string, declaration: string): { file: string; first: number; last: number } {
  const lines = readFileSync(join(SHOP, file), 'utf8').split('\n')
  const first = lines.findIndex((line) => line.includes(declaration))
  const indent = lines[first]?.match(/^ */)?.[0]
  const last = lines.findIndex((line, i) => i > first && line.startsWith(`${indent}}`))
  return { file: join(SHOP, file), first: first + 1, last: last + 1 }
}

const FUNCTIONS = {
  calculateTotal: linesOf('cart.ts', 'function calculateTotal'),
  checkout: linesOf('cart.ts', 'checkout(burn'),
  applyDiscount: linesOf('run.ts', 'const applyDiscount'),
}

async function profiled(module: string, profilerOptions = {}, options: ProgramOptions = {}) {
  const directory = temporaryDirectory()
  const args = [directory, module, JSON.stringify(profilerOptions)]
  const { stdout, stderr, ...ended } = await runProgram('profiled.mjs', { ...options, args })
  expect(stderr).toBe('')
  expect(ended).toEqual({ code: 0, signal: null })
  return { samples: samplesOf(decodeDirectory(directory)), stats: JSON.parse(stdout) }
}

const locationsOf = (samples: readonly DecodedSample[], name: string) =>
  samples.flatMap(({ locations }) => locations.filter((location) => location.name === name))

/** Every sample of the functions is in the source, in the lines of the function. */
function expectSources(
  samples: readonly DecodedSample[],
  names: readonly (keyof typeof FUNCTIONS)[] = ['calculateTotal', 'checkout', 'applyDiscount'],
): void {
  for (const name of names) {
    const { file, first, last } = FUNCTIONS[name]
    const locations = locationsOf(samples, name)
    expect(locations).not.toEqual([])
    for (const location of locations) {
      expect(location).toMatchObject({ file, startLine: first })
      expect(location.line).toBeGreaterThanOrEqual(first)
      expect(location.line).toBeLessThanOrEqual(last)
    }
  }
}

/** Lines other than the first ones of functions: where the time went within them. */
function expectLinesWithin(samples: readonly DecodedSample[], name: keyof typeof FUNCTIONS): void {
  const lines = locationsOf(samples, name).map(({ line }) => line)
  expect(lines.some((line) => line > FUNCTIONS[name].first + 2)).toBe(true)
}

describe.concurrent('a profile of', () => {
  it('code compiled by TypeScript shows its sources, in every sample', async () => {
    const { samples, stats } = await profiled(join(compiledByTypeScript('--sourceMap'), 'run.js'))
    expectSources(samples)
    expectLinesWithin(samples, 'calculateTotal')
    expectLinesWithin(samples, 'applyDiscount')
    expect(stats).toMatchObject({ sourceMapsRead: 2, sourceMapsFailed: 0, sourceMapsLate: 0 })
  })

  it('code compiled with inline maps likewise', async () => {
    const compiled = compiledByTypeScript('--inlineSourceMap')
    const { samples, stats } = await profiled(join(compiled, 'run.js'))
    expectSources(samples)
    expectLinesWithin(samples, 'applyDiscount')
    expect(stats).toMatchObject({ sourceMapsRead: 2, sourceMapsFailed: 0 })
  })

  it('a bundle shows its sources', async () => {
    const { samples, stats } = await profiled((await bundled(join(SHOP, 'run.ts'), false)).file)
    expectSources(samples)
    expectLinesWithin(samples, 'applyDiscount')
    expect(stats).toMatchObject({ sourceMapsRead: 1, sourceMapsFailed: 0 })
  })

  it('a minified bundle shows the names that functions had', async () => {
    const { file, code } = await bundled(join(SHOP, 'run.ts'), true)
    expect(code).not.toContain('calculateTotal')
    const { samples } = await profiled(file)
    expectSources(samples)
  })

  it('a bundle with a map in sections shows its sources', async () => {
    const { file, map } = await bundled(join(SHOP, 'run.ts'), true)
    const sections = [{ offset: { line: 0, column: 0 }, map }]
    writeFileSync(`${file}.map`, JSON.stringify({ version: 3, sections }))
    expectSources((await profiled(file)).samples)
  })

  it('code that a loader compiled in memory shows its sources', async () => {
    const sourceRoot = pathToFileURL(SHOP).href
    const COMPILED_DIR = compiledByTypeScript('--inlineSourceMap', '--sourceRoot', sourceRoot)
    const loader = new URL('./programs/in-memory-loader.mjs', import.meta.url).href
    const options = { nodeArgs: ['--import', loader], env: { COMPILED_DIR } }
    const { samples, stats } = await profiled(join(SHOP, 'run.ts'), {}, options)
    expectSources(samples)
    expectLinesWithin(samples, 'applyDiscount')
    expect(stats).toMatchObject({ sourceMapsRead: 2, sourceMapsFailed: 0, sourceMapsLate: 0 })
  })

  it.skipIf(!('typescript' in process.features && process.features.typescript))(
    'TypeScript that Node runs by leaving out its types stays as it is',
    async () => {
      for (const nodeArgs of [[], ['--enable-source-maps']]) {
        const { samples, stats } = await profiled(join(SHOP, 'run.ts'), {}, { nodeArgs })
        const lines = locationsOf(samples, 'applyDiscount').map(({ line }) => line)
        const { file, first, last } = FUNCTIONS.applyDiscount
        expect(locationsOf(samples, 'applyDiscount')[0]).toMatchObject({ file, startLine: first })
        expect(lines.some((line) => line > first && line < last)).toBe(true)
        expect(stats).toMatchObject({ sourceMapsRead: 0, sourceMapsFailed: 0 })
      }
    },
  )

  it('compiled code with sourceMaps: false is one of compiled code', async () => {
    const compiled = join(compiledByTypeScript('--sourceMap'), 'run.js')
    const { samples, stats } = await profiled(compiled, { sourceMaps: false })
    const files = samples.flatMap(({ locations }) => locations.map(({ file }) => file))
    expect(files).toContain(compiled)
    expect(files.filter((file) => file.endsWith('.ts'))).toEqual([])
    expect(stats.sourceMapsRead).toBe(0)
  })

  it('code without names of files has none', async () => {
    const compiled = join(compiledByTypeScript('--sourceMap'), 'run.js')
    const { samples } = await profiled(compiled, { stripFilenames: 'all' })
    const calculated = locationsOf(samples, 'calculateTotal')
    expect(calculated.map(({ file }) => file)).toContain('')
    for (const { locations } of samples) for (const { file } of locations) expect(file).toBe('')
  })

  it('a dependency has no names of files, wherever its publisher had the sources', async () => {
    const dependency = join(temporaryDirectory(), 'node_modules/shop')
    cpSync(compiledByTypeScript('--sourceMap', '--sourceRoot', SHOP), dependency, {
      recursive: true,
    })
    const { samples } = await profiled(join(dependency, 'run.js'), {
      stripFilenames: 'dependencies',
    })
    const files = (name: string) => new Set(locationsOf(samples, name).map(({ file }) => file))
    expect(files('calculateTotal')).toEqual(new Set(['']))
    expect(files('applyDiscount')).toEqual(new Set(['']))
  })

  it('code whose map is broken is one of compiled code, and says so in the stats', async () => {
    const compiled = compiledByTypeScript('--sourceMap')
    writeFileSync(join(compiled, 'cart.js.map'), '<!doctype html>')
    const { samples, stats } = await profiled(join(compiled, 'run.js'))
    expectSources(samples, ['applyDiscount'])
    expect(locationsOf(samples, 'calculateTotal')[0]?.file).toBe(join(compiled, 'cart.js'))
    expect(stats).toMatchObject({ sourceMapsRead: 1, sourceMapsFailed: 1 })
  })

  it('CPU and one of waiting show the same sources', async () => {
    const compiled = join(compiledByTypeScript('--sourceMap'), 'run.js')
    const { samples, stats } = await profiled(compiled, { wall: true })
    expectSources(samples)
    // Of each file once, for both.
    expect(stats).toMatchObject({ profilesWritten: 2, sourceMapsRead: 2 })
  })

  it('a while shows the sources too', async () => {
    const compiled = join(compiledByTypeScript('--sourceMap'), 'run.js')
    const outputDir = temporaryDirectory()
    // V8 knows the functions within a compiled one when it was sampling before.
    const code = `import { profile, startProfiler } from 'spanprof'
      const outputDir = ${JSON.stringify(outputDir)}
      const profiler = await startProfiler({ outputDir, samplingIntervalMicros: 1000 })
      const { run } = await import(${JSON.stringify(compiled)})
      const profiling = [true, false].map((sourceMaps) => profile({ durationMs: 700, sourceMaps }))
      let finished = false
      Promise.all(profiling).then(() => { finished = true })
      while (!finished) {
        await run(20)
        await new Promise((resolve) => setImmediate(resolve))
      }
      const filesOf = ({ cpu }) => cpu.function
        .map(({ filename }) => cpu.stringTable.strings[filename])
        .filter((file) => file.includes('cart'))
      console.log(JSON.stringify((await Promise.all(profiling)).map(filesOf)))
      await profiler.stop()`
    const { stdout, stderr } = await runCode(code)
    expect(stderr).toBe('')
    const [sources, files] = JSON.parse(stdout)
    expect(sources).toContain(FUNCTIONS.calculateTotal.file)
    expect(files).toContain(join(compiled, '../cart.js'))
    expect(files).not.toContain(FUNCTIONS.calculateTotal.file)
  })
})
