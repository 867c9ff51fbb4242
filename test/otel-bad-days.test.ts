import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  ProxyTracerProvider,
  type Span,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api'
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import { describe, expect, it } from 'vitest'
import {
  type SpanProfilesOptions,
  SpanProfilesProcessor,
  wrapTracerProvider,
} from '../src/otel/index.ts'
import { decodeDirectory, having, profileFiles, samplesOf } from './decoded-profile.ts'
import { type ProgramOptions, runCode, runFile, temporaryDirectory } from './program.ts'
import { spanLabels } from './span-facts.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Runs code that has OpenTelemetry, spanprof and an output directory, and returns what it prints. */
async function run(code: string, options: ProgramOptions = {}) {
  const directory = temporaryDirectory()
  const source = `
    import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api'
    import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
    import { NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
    import { startProfiler, withLabels } from 'spanprof'
    import { SpanProfilesProcessor, wrapTracerProvider } from 'spanprof/otel'
    const { cpuBurner } = await import('./test/programs/burn.mjs')
    const outputDir = ${JSON.stringify(directory)}
    const burn = (name) => cpuBurner(name)(150)
    const print = (value) => console.log(JSON.stringify(value))
    const messageOf = (fn) => { try { fn(); return 'none' } catch (error) { return error.message } }
    const logged = []
    const logger = { warn: (line) => logged.push(line), info() {} }
    const start = () => startProfiler({ outputDir, samplingIntervalMicros: 1000, logger })
    const register = (provider, manager = new AsyncLocalStorageContextManager()) => {
      trace.setGlobalTracerProvider(provider)
      context.setGlobalContextManager(manager)
      return trace.getTracer('bad days')
    }
    const inSpan = (tracer, name, fn) => tracer.startActiveSpan(name, (span) => {
      try { return fn(span) } finally { span.end() }
    })
    ${code}`
  const { stdout, stderr, code: exitCode } = await runCode(source, options)
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  const printed = stdout
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
  return { printed, directory }
}

function labelsIn(directory: string, functionName: string) {
  const burnt = having(samplesOf(decodeDirectory(directory)), functionName)
  return [...new Set(burnt.map((sample) => JSON.stringify(sample.labels)))].map((text) =>
    JSON.parse(text),
  )
}

const error = (code: string, ...parts: string[]) =>
  expect.toSatisfy((thrown: unknown) => {
    expect(thrown).toMatchObject({ name: 'SpanprofError', code })
    for (const part of parts) expect((thrown as Error).message).toContain(part)
    return true
  })

function thrownBy(fn: () => unknown): unknown {
  try {
    fn()
  } catch (thrown) {
    return thrown
  }
  throw new Error('nothing was thrown')
}

describe.concurrent('an app without @opentelemetry/api', () => {
  /** With what spanprof depends on, and nothing else. */
  function install() {
    const directory = temporaryDirectory()
    const modules = join(directory, 'node_modules')
    mkdirSync(join(modules, 'spanprof'), { recursive: true })
    const copy = (from: string[], to: string) =>
      execFileSync('cp', ['-r', ...from.map((path) => join(ROOT, path)), join(modules, to)])
    copy(['dist', 'package.json'], 'spanprof')
    copy(['node_modules/pprof-format'], '.')
    const app = (code: string) => {
      const file = join(directory, 'app.mjs')
      writeFileSync(file, code)
      return file
    }
    return { directory, app }
  }

  it('is told by spanprof/otel what to install', async () => {
    const { app, directory: cwd } = install()
    const file = app(`await import('spanprof/otel').catch(({ name, code, message }) =>
      console.log(JSON.stringify({ name, code, message })))`)
    const { stdout, stderr } = await runFile(file, { cwd })
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual({
      name: 'SpanprofError',
      code: 'ERR_OTEL_API_MISSING',
      message: expect.stringContaining('npm install @opentelemetry/api'),
    })
  })

  it('can be profiled without a line of code', async () => {
    const { app, directory: cwd } = install()
    const profiles = temporaryDirectory()
    const file = app(`const end = Date.now() + 100
      while (Date.now() < end);`)
    const { code, stderr } = await runFile(file, {
      cwd,
      nodeArgs: ['--import', 'spanprof/register'],
      env: { SPANPROF_OUTPUT_DIR: profiles, SPANPROF_SAMPLING_INTERVAL_MICROS: '1000' },
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(profileFiles(profiles)).toHaveLength(1)
  })
})

describe.concurrent('a provider that is none', () => {
  it.each([
    ['undefined', undefined],
    ['null', null],
    ['an object', {}],
    ['a string', 'provider'],
    ['a class instead of its instance', NodeTracerProvider],
    ['the no-op provider of the API', new ProxyTracerProvider().getDelegate()],
  ])('is refused: %s', (_, provider) => {
    expect(thrownBy(() => wrapTracerProvider(provider as TracerProvider))).toEqual(
      error('ERR_INVALID_PROVIDER', 'new NodeTracerProvider()'),
    )
  })

  it('may be what the API has before there is an SDK, and must not go round in circles', async () => {
    const { printed } = await run(`
      const wrap = () => {
        trace.setGlobalTracerProvider(wrapTracerProvider(trace.getTracerProvider()))
        trace.getTracer('app').startSpan('span').end()
      }
      try { wrap(); print({ code: 'none' }) } catch ({ name, code }) { print({ name, code }) }`)
    const refused = { name: 'SpanprofError', code: 'ERR_INVALID_PROVIDER' }
    expect([{ code: 'none' }, refused]).toContainEqual(printed[0])
  })
})

describe.concurrent('an option that is none', () => {
  const both = [
    ['wrapTracerProvider', (options: object) => wrapTracerProvider(provider, options)],
    ['SpanProfilesProcessor', (options: object) => new SpanProfilesProcessor(options)],
  ] as const
  const provider = new NodeTracerProvider()
  const spelledAsInGo = {
    WithSpanIDLabelScope: 'spanIdLabelScope',
    WithSpanNameLabelScope: 'spanNameLabelScope',
    WithTraceIDLabel: 'traceIdLabel',
    WithAppName: 'appName',
    WithPyroscopeURL: 'pyroscopeUrl',
    WithRootSpanOnly: 'rootSpanOnly',
    WithAddSpanName: 'addSpanName',
    WithProfileURL: 'profileUrl',
    WithProfileBaselineURL: 'profileBaselineUrl',
    WithProfileBaselineLabels: 'profileBaselineLabels',
    spanIDLabelScope: 'spanIdLabelScope',
    withSpanNameLabelScope: 'spanNameLabelScope',
  }

  describe.concurrent.each(both)('for %s', (_, call) => {
    it.each(Object.entries(spelledAsInGo))('%s is told to be %s', (given, meant) => {
      expect(thrownBy(() => call({ [given]: true }))).toEqual(
        error('ERR_UNKNOWN_OPTION', given, `'${meant}'`),
      )
    })

    it.each(['all', 'AllSpans', 'ScopeRootSpan', '', true, null])(
      'the scope %j is told what there is',
      (value) => {
        for (const name of ['spanIdLabelScope', 'spanNameLabelScope']) {
          expect(thrownBy(() => call({ [name]: value }))).toEqual(
            error('ERR_INVALID_OPTION', name, 'none', 'root-span', 'all-spans'),
          )
        }
      },
    )

    it.each([
      { traceIdLabel: 'yes' },
      { profileIdLabel: 1 },
      { appName: '' },
      { pyroscopeUrl: 'somewhere' },
      { rootSpanOnly: 'true' },
      { profileUrl: 'http://localhost:4040' },
      { profileBaselineLabels: ['region=eu'] },
    ])('a wrong value is told what is right: %j', (options) => {
      const [name] = Object.keys(options) as [string]
      expect(thrownBy(() => call(options))).toEqual(error('ERR_INVALID_OPTION', name))
    })
  })
})

describe.concurrent('a wrapped provider', () => {
  class Provider implements TracerProvider {
    readonly calls: unknown[] = []
    readonly resource = { name: 'shop' }
    #secret = 7

    getTracer(...args: unknown[]): Tracer {
      this.calls.push(args)
      return new NodeTracerProvider().getTracer('inner')
    }

    async forceFlush(...args: unknown[]) {
      this.calls.push(['forceFlush', this.#secret, ...args])
      return 'flushed'
    }

    async shutdown() {
      this.calls.push(['shutdown', this.#secret])
      return 'shut down'
    }

    get secret() {
      return this.#secret
    }

    set secret(value: number) {
      this.#secret = value
    }

    own(argument: string) {
      return `${argument} ${this.#secret}`
    }
  }

  it('hands on the arguments of getTracer, as many as there are', () => {
    const inner = new Provider()
    const wrapped = wrapTracerProvider(inner)
    wrapped.getTracer('shop')
    wrapped.getTracer('shop', '1.2.3', { schemaUrl: 'https://schema' })
    expect(inner.calls).toEqual([['shop'], ['shop', '1.2.3', { schemaUrl: 'https://schema' }]])
  })

  it('hands on forceFlush and shutdown, and what they promise', async () => {
    const inner = new Provider()
    const wrapped = wrapTracerProvider(inner)
    expect(await wrapped.forceFlush({ timeoutMillis: 5 })).toBe('flushed')
    expect(await wrapped.shutdown()).toBe('shut down')
    expect(inner.calls).toEqual([
      ['forceFlush', 7, { timeoutMillis: 5 }],
      ['shutdown', 7],
    ])
  })

  it('has whatever else the provider has', () => {
    const inner = new Provider()
    const wrapped = wrapTracerProvider(inner)
    expect(wrapped).toBeInstanceOf(Provider)
    expect(wrapped.resource).toBe(inner.resource)
    expect(wrapped.own('number')).toBe('number 7')
    wrapped.secret = 8
    expect([inner.secret, wrapped.secret]).toEqual([8, 8])
    expect('forceFlush' in wrapped).toBe(true)
    expect('nothing' in wrapped).toBe(false)
    expect(Object.keys(wrapped)).toEqual(Object.keys(inner))
  })

  it('has no method that the provider has not', () => {
    const wrapped = wrapTracerProvider({ getTracer: new Provider().getTracer.bind(new Provider()) })
    expect(wrapped).not.toHaveProperty('forceFlush')
    expect(wrapped).not.toHaveProperty('shutdown')
  })

  it('gives tracers whose spans are the SDK’s', () => {
    const tracer = wrapTracerProvider(new NodeTracerProvider()).getTracer('app')
    const plain = new NodeTracerProvider().getTracer('app')
    expect(tracer).toBeInstanceOf(plain.constructor)
    const span = tracer.startSpan('span')
    expect(span).toBeInstanceOf(plain.startSpan('span').constructor)
    expect(tracer.startActiveSpan('active', (active: Span) => [active.isRecording(), 7])).toEqual([
      true,
      7,
    ])
    expect(tracer.startActiveSpan('active', {}, () => 'with options')).toBe('with options')
  })

  it('lets what a tracer throws through, and nothing else', () => {
    const thrown = new Error('expected')
    const tracer = wrapTracerProvider(new NodeTracerProvider()).getTracer('app')
    const caught = thrownBy(() =>
      tracer.startActiveSpan('throws', () => {
        throw thrown
      }),
    )
    expect(caught).toBe(thrown)
    expect(() => (tracer.startActiveSpan as (name: string) => void)('no function')).not.toThrow()
  })
})

describe.concurrent('what an app hands to startSpan', () => {
  const odd = [undefined, null, 7, {}, [], () => {}, 'x'.repeat(1e6)]

  it('is handed on, whatever it is', () => {
    const options: SpanProfilesOptions = { spanIdLabelScope: 'all-spans' }
    const processed = new NodeTracerProvider({
      spanProcessors: [new SpanProfilesProcessor(options)],
    }).getTracer('app')
    const wrapped = wrapTracerProvider(new NodeTracerProvider(), options).getTracer('app')
    const plain = new NodeTracerProvider().getTracer('app')
    for (const name of odd) {
      for (const spanOptions of [undefined, null, {}]) {
        const outcome = (tracer: Tracer) => {
          try {
            const span = tracer.startSpan(name as string, spanOptions as object)
            span.updateName(name as string)
            span.end()
            return 'started'
          } catch (caught) {
            return (caught as Error).message
          }
        }
        expect(outcome(processed)).toBe(outcome(plain))
        expect(outcome(wrapped)).toBe(outcome(plain))
      }
    }
  })

  it('may come from a tracer that makes no real spans', () => {
    for (const span of [{}, Object.freeze({}), undefined, null, 7, 'span']) {
      const tracer = wrapTracerProvider({
        getTracer: () => ({
          startSpan: () => span as unknown as Span,
          startActiveSpan: (_name: string, fn: (span: unknown) => unknown) => fn(span),
        }),
      } as unknown as TracerProvider).getTracer('app')
      expect(tracer.startSpan('odd')).toBe(span)
      expect(tracer.startActiveSpan('odd', (active) => active)).toBe(span)
    }
  })
})

describe.concurrent('a span processor that throws', () => {
  it('throws what it would without us, and later spans are labelled', async () => {
    const { printed, directory } = await run(`
      let broken = true
      const breaks = (where) => () => { if (broken) throw new Error('broken ' + where) }
      const throwing = { onStart: breaks('onStart'), onEnd: breaks('onEnd'),
        forceFlush: async () => {}, shutdown: async () => {} }
      const outcome = (tracer) => {
        broken = true
        const started = messageOf(() => tracer.startSpan('started'))
        const active = messageOf(() => tracer.startActiveSpan('active', (span) => span.end()))
        broken = false
        const span = tracer.startSpan('ended')
        broken = true
        const ended = messageOf(() => span.end())
        broken = false
        return [started, active, ended]
      }
      const profiler = await start()
      const profiles = new SpanProfilesProcessor()
      const tracers = {
        plain: new NodeTracerProvider({ spanProcessors: [throwing] }),
        before: new NodeTracerProvider({ spanProcessors: [throwing, profiles] }),
        after: new NodeTracerProvider({ spanProcessors: [profiles, throwing] }),
        wrapped: wrapTracerProvider(new NodeTracerProvider({ spanProcessors: [throwing] })),
      }
      context.setGlobalContextManager(new AsyncLocalStorageContextManager())
      for (const [name, provider] of Object.entries(tracers)) {
        const tracer = provider.getTracer('app')
        print(outcome(tracer))
        inSpan(tracer, name, () => burn(name))
      }
      await profiler.stop()`)
    const [plain, ...others] = printed
    expect(plain).toContain('broken onStart')
    for (const outcome of others) expect(outcome).toEqual(plain)
    for (const name of ['before', 'after', 'wrapped']) {
      expect(labelsIn(directory, name)).toEqual([expect.objectContaining({ span_name: name })])
    }
    expect(labelsIn(directory, 'plain')).toEqual([{}])
  })

  it('or an exporter, leaves samples their labels', async () => {
    const { directory } = await run(`
      const exporter = {
        export() { throw new Error('broken') },
        shutdown: async () => { throw new Error('broken') },
      }
      const spanProcessors = [new SimpleSpanProcessor(exporter), new SpanProfilesProcessor()]
      const profiler = await start()
      const tracer = register(new NodeTracerProvider({ spanProcessors }))
      for (const name of ['one', 'two']) {
        try { inSpan(tracer, name, () => burn(name)) } catch {}
      }
      await profiler.stop()`)
    for (const name of ['one', 'two']) {
      expect(labelsIn(directory, name)).toEqual([expect.objectContaining({ span_name: name })])
    }
  })

  it('is none of ours: a profileUrl that throws ends no span', async () => {
    const { printed, directory } = await run(`
      const options = { profileUrl: () => { throw new Error('broken') } }
      const profiler = await start()
      const provider = new NodeTracerProvider({ spanProcessors: [new SpanProfilesProcessor(options)] })
      const tracer = register(provider)
      print(messageOf(() => inSpan(tracer, 'processor', () => burn('processor'))))
      const wrapped = wrapTracerProvider(new NodeTracerProvider(), options).getTracer('app')
      print(messageOf(() => inSpan(wrapped, 'wrapper', () => burn('wrapper'))))
      await profiler.stop()`)
    expect(printed).toEqual(['none', 'none'])
    for (const name of ['processor', 'wrapper']) {
      expect(labelsIn(directory, name)).toEqual([expect.objectContaining({ span_name: name })])
    }
  })
})

describe.concurrent('a context manager of the app’s own', () => {
  it.each([
    ['that is frozen', `Object.freeze(new AsyncLocalStorageContextManager())`],
    [
      'that throws when it is asked between two requests',
      `Object.assign(new AsyncLocalStorageContextManager(), { active: () => {
        if (!working) throw new Error('broken')
        return ROOT_CONTEXT
      } })`,
    ],
  ])('%s is no reason to throw into the app', async (_, manager) => {
    const { printed } = await run(`
      let working = true
      const manager = ${manager}
      const profiler = await start()
      const tracer = register(wrapTracerProvider(new NodeTracerProvider()), manager)
      print(messageOf(() => {
        const span = tracer.startSpan('span', {}, ROOT_CONTEXT)
        manager.with(trace.setSpan(ROOT_CONTEXT, span), () => burn('burn'))
        span.end()
      }))
      working = false
      await null
      await new Promise((resolve) => setTimeout(resolve, 5))
      working = true
      print(await profiler.stop().then(() => 'stopped'))`)
    expect(printed).toEqual(['none', 'stopped'])
  })
})

describe.concurrent('a span name', () => {
  /** As code, as they are too long for a command line. */
  const names = {
    long: `'x'.repeat(100_000)`,
    multibyte: `'€'.repeat(30_000)`,
    lines: String.raw`'SELECT *\n  FROM users\r\n\tWHERE id = {id, "x"}'`,
    braces: `'GET /users/{id},{name=value}'`,
    nul: String.raw`'a\0b'`,
    surrogate: String.raw`'a\ud800b\udc00c'`,
    all: String.raw`'{\0\n\ud800,"}' + 'é'.repeat(60_000)`,
  }

  it.each(['processor', 'wrapper'])(
    'of any length and any characters is cut and cleaned, by a %s',
    async (way) => {
      const { directory } = await run(
        `const names = { ${Object.entries(names).map((entry) => entry.join(': '))} }
        const profiler = await start()
        const tracer = register(${
          way === 'processor'
            ? 'new NodeTracerProvider({ spanProcessors: [new SpanProfilesProcessor()] })'
            : 'wrapTracerProvider(new NodeTracerProvider())'
        })
        for (const [key, name] of Object.entries(names)) inSpan(tracer, name, () => cpuBurner(key)(60))
        inSpan(tracer, 'GET', (span) => { cpuBurner('renamed')(60); span.updateName(names.all) })
        inSpan(tracer, 'plain', () => cpuBurner('plain')(60))
        await profiler.stop()`,
      )
      const labels = Object.fromEntries(
        [...Object.keys(names), 'renamed', 'plain'].map((key) => {
          const [label, ...more] = labelsIn(directory, key)
          expect(more, key).toEqual([])
          return [key, label.span_name as string]
        }),
      )
      for (const [key, label] of Object.entries(labels)) {
        expect(Buffer.byteLength(label), key).toBeLessThanOrEqual(2048)
        expect(label, key).not.toBe('')
        // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there.
        expect(label, key).not.toMatch(/[\0-\x1f\ud800-\udfff]/u)
      }
      expect(labels.long).toBe('x'.repeat(2048))
      expect(labels.multibyte).toMatch(/^€{600,}/)
      expect(labels.lines).toMatch(/^SELECT \*.*FROM users.*WHERE id = /)
      expect(labels.plain).toBe('plain')
      expect(labels.renamed).toBe(labels.all)
    },
  )
})

describe.concurrent('user labels', () => {
  it('that are called as those of a span do not replace them, which is said once', async () => {
    const { printed, directory } = await run(`
      const profiler = await start()
      const tracer = register(wrapTracerProvider(new NodeTracerProvider()))
      const mine = { span_id: 'mine', trace_id: 'mine', span_name: 'mine', tenant: 'acme' }
      withLabels(mine, () => burn('without'))
      for (let i = 0; i < 3; i++) {
        withLabels(mine, () => inSpan(tracer, 'around', () => burn('around')))
        inSpan(tracer, 'inside', () => withLabels(mine, () => burn('inside')))
      }
      await profiler.stop()
      print(logged)`)
    for (const place of ['around', 'inside']) {
      const labels = labelsIn(directory, place)
      expect(labels).toHaveLength(3)
      for (const each of labels) {
        expect(each).toEqual({
          tenant: 'acme',
          span_name: place,
          span_id: expect.stringMatching(/^[0-9a-f]{16}$/),
          trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
        })
      }
    }
    expect(printed).toEqual([[expect.stringMatching(/span_id|trace_id|span_name/)]])
  })
})

describe.concurrent('a span that is renamed', () => {
  it.each(['processor', 'wrapper'])(
    'after a flush has its old name there, and the new one from then on (%s)',
    async (way) => {
      const { directory } = await run(`
        const profiler = await start()
        const tracer = register(${
          way === 'processor'
            ? 'new NodeTracerProvider({ spanProcessors: [new SpanProfilesProcessor()] })'
            : 'wrapTracerProvider(new NodeTracerProvider())'
        })
        await tracer.startActiveSpan('GET', async (span) => {
          burn('early')
          await profiler.flush()
          burn('before')
          span.updateName('GET /first')
          burn('between')
          span.updateName('GET /users/:id')
          burn('after')
          span.end()
          span.updateName('too late')
        })
        await profiler.stop()`)
      const names = (place: string) =>
        labelsIn(directory, place).map(({ span_name }) => span_name as string)
      expect(names('early')).toEqual(['GET'])
      for (const place of ['before', 'between', 'after']) {
        expect(names(place), place).toEqual(['GET /users/:id'])
      }
    },
  )
})

describe.concurrent('joining late, early and twice', () => {
  const orders = {
    'the profiler first': ['await startIt()', 'join()'],
    'the SDK first': ['join()', 'await startIt()'],
    'a profiler that is stopped and started again': [
      'await startIt()',
      'join()',
      'await profiler.stop()',
      'await startIt()',
    ],
  }
  const ways = {
    'a processor': 'new NodeTracerProvider({ spanProcessors: [processor()] })',
    'a wrapper': 'wrapTracerProvider(new NodeTracerProvider())',
    'both, twice': `wrapTracerProvider(wrapTracerProvider(
      new NodeTracerProvider({ spanProcessors: [processor(), processor()] })))`,
  }
  const combinations = Object.keys(orders).flatMap((order) =>
    Object.keys(ways).map((way) => ({ order: order as keyof typeof orders, way: way as never })),
  )

  it.each(combinations)('gives the same labels: $order, $way', async ({ order, way }) => {
    const { printed, directory } = await run(`
      const processor = () => new SpanProfilesProcessor()
      let profiler, tracer
      const startIt = async () => { profiler = await start() }
      const join = () => { tracer = register(${ways[way]}) }
      ${orders[order].join('\n')}
      await tracer.startActiveSpan('root', async (span) => {
        await null
        burn('first')
        tracer.startActiveSpan('child', (child) => {
          burn('second')
          print(child.attributes)
          child.end()
        })
        print(span.attributes)
        print(span.spanContext())
        span.end()
      })
      await profiler.stop()
      print(logged)`)
    const [ofChild, ofRoot, { spanId, traceId }, logged] = printed
    expect(ofChild).toEqual({})
    expect(ofRoot).toEqual({ 'pyroscope.profile.id': spanId })
    expect(logged).toEqual([])
    for (const place of ['first', 'second']) {
      const burnt = having(samplesOf(decodeDirectory(directory)), place)
      expect(burnt, place).not.toEqual([])
      for (const sample of burnt) {
        expect(spanLabels(sample)).toEqual({
          span_id: spanId,
          trace_id: traceId,
          span_name: 'root',
        })
      }
    }
  })
})
