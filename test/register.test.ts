import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decodeDirectory, having, profileFiles, samplesOf } from './decoded-profile.ts'
import {
  type ProgramOptions,
  type ProgramResult,
  runCode,
  runProgram,
  temporaryDirectory,
} from './program.ts'
import { spanLabels } from './span-facts.ts'

const IMPORT = ['--import', 'spanprof/register']

const PRELUDE = `import { trace } from '@opentelemetry/api'
  import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
  const { cpuBurner } = await import('./test/programs/burn.mjs')
  const burn = (name, millis = 150) => cpuBurner(name)(millis)
  const print = (value) => console.log(JSON.stringify(value))
  const labelsOf = (span, span_name) =>
    ({ span_id: span.spanContext().spanId, trace_id: span.spanContext().traceId, span_name })
`

const APP = `${PRELUDE}
  new NodeTracerProvider().register()
  await trace.getTracer('app').startActiveSpan('job', async (span) => {
    await null
    burn('burn')
    print(labelsOf(span, 'job'))
    span.end()
  })`

interface Environment extends ProgramOptions {
  readonly directory?: string
}

function withProfiles({ directory, ...options }: Environment = {}): ProgramOptions & {
  directory: string
} {
  const outputDir = directory ?? temporaryDirectory()
  const env = { SPANPROF_OUTPUT_DIR: outputDir, SPANPROF_SAMPLING_INTERVAL_MICROS: '1000' }
  return { ...options, env: { ...env, ...options.env }, directory: outputDir }
}

function printed({ stdout }: ProgramResult) {
  return stdout
    .trim()
    .split('\n')
    .filter((line) => line.startsWith('{') || line.startsWith('[') || line.startsWith('"'))
    .map((line) => JSON.parse(line))
}

/** Of the samples in that function, each once. */
function labelsIn(directory: string, functionName: string) {
  const burnt = having(samplesOf(decodeDirectory(directory)), functionName)
  const texts = burnt.map((sample) => JSON.stringify(spanLabels(sample)))
  return [...new Set(texts)].map((text) => JSON.parse(text))
}

function expectQuiet({ code, stderr }: ProgramResult) {
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
}

describe.concurrent('node --import spanprof/register', () => {
  it('hooks nothing before there is an SDK or a label', async () => {
    const counted = ['--import', './test/programs/counted-hooks.mjs']
    const { directory: _, ...options } = withProfiles({ nodeArgs: [...counted, ...IMPORT] })
    const result = await runCode(
      `${PRELUDE}
      import { withLabels } from 'spanprof'
      const counts = [globalThis.hooksSet]
      await null
      counts.push(globalThis.hooksSet)
      withLabels({ tenant: 'acme' }, () => counts.push(globalThis.hooksSet))
      print(counts.map((count) => count > 0))`,
      options,
    )
    expectQuiet(result)
    expect(printed(result)).toEqual([[false, false, true]])
  })

  it('hooks what it needs once there is an SDK', async () => {
    const counted = ['--import', './test/programs/counted-hooks.mjs']
    const { directory: _, ...options } = withProfiles({ nodeArgs: [...counted, ...IMPORT] })
    const result = await runCode(
      `${PRELUDE}
      const before = globalThis.hooksSet
      new NodeTracerProvider().register()
      print([before > 0, globalThis.hooksSet > before])`,
      options,
    )
    expectQuiet(result)
    expect(printed(result)).toEqual([[false, true]])
  })

  it('leaves no frame of its own in the stack of an error', async () => {
    const { directory: _, ...options } = withProfiles({ nodeArgs: IMPORT })
    const result = await runCode(
      `${PRELUDE}
      import { AsyncResource } from 'node:async_hooks'
      new NodeTracerProvider().register()
      Error.stackTraceLimit = 100
      const stacks = []
      await trace.getTracer('app').startActiveSpan('job', async (span) => {
        await null
        stacks.push(new Error().stack)
        new AsyncResource('test').runInAsyncScope(() => stacks.push(new Error().stack))
        await new Promise((resolve) => setTimeout(() => resolve(stacks.push(new Error().stack))))
        span.end()
      })
      print(stacks.map((stack) => stack.includes('/dist/')))`,
      options,
    )
    expectQuiet(result)
    expect(printed(result)).toEqual([[false, false, false]])
  })

  it('profiles an ES module and labels its spans', async () => {
    const { directory, ...options } = withProfiles({ nodeArgs: IMPORT })
    const result = await runCode(APP, options)
    expectQuiet(result)
    expect(labelsIn(directory, 'burn')).toEqual(printed(result))
  })

  it('profiles a CommonJS app and labels its spans', async () => {
    const { directory, ...options } = withProfiles({ nodeArgs: IMPORT })
    const result = await runProgram('register-app.cjs', options)
    expectQuiet(result)
    expect(labelsIn(directory, 'burn')).toEqual(printed(result))
  })

  it('may stand in NODE_OPTIONS, and there and on the command line at once', async () => {
    for (const nodeArgs of [[], IMPORT]) {
      const { directory, ...options } = withProfiles({
        nodeArgs,
        env: { NODE_OPTIONS: IMPORT.join(' ') },
      })
      const result = await runProgram('register-app.cjs', options)
      expectQuiet(result)
      expect(labelsIn(directory, 'burn')).toEqual(printed(result))
      expect(profileFiles(directory)).toHaveLength(1)
    }
  })

  it('profiles an app without any OpenTelemetry', async () => {
    const { directory, ...options } = withProfiles({ nodeArgs: IMPORT })
    const result = await runCode(
      `const { cpuBurner } = await import('./test/programs/burn.mjs')
      cpuBurner('burn')(150)`,
      options,
    )
    expectQuiet(result)
    expect(result.stdout).toBe('')
    expect(labelsIn(directory, 'burn')).toEqual([{}])
  })

  it('labels spans of tracers that were handed out before there was a provider', async () => {
    const { directory, ...options } = withProfiles({ nodeArgs: IMPORT })
    const result = await runCode(
      `${PRELUDE}
      const early = trace.getTracer('early')
      early.startActiveSpan('nowhere', (span) => { burn('before'); span.end() })
      const used = trace.getTracer('early')
      used.startSpan('nowhere').end()
      await new Promise((resolve) => setTimeout(resolve, 20))
      new NodeTracerProvider().register()
      const work = async (tracer, name) => tracer.startActiveSpan(name, async (span) => {
        await null
        burn(name)
        print(labelsOf(span, name))
        span.end()
      })
      await work(early, 'afterwards')
      await work(used, 'with_the_used')
      await work(trace.getTracer('new'), 'with_a_new')`,
      options,
    )
    expectQuiet(result)
    const names = ['afterwards', 'with_the_used', 'with_a_new']
    expect(names.flatMap((name) => labelsIn(directory, name))).toEqual(printed(result))
    expect(labelsIn(directory, 'before')).toEqual([{}])
  })

  it('goes on with the next SDK after one was shut down', async () => {
    const { directory, ...options } = withProfiles({ nodeArgs: IMPORT })
    const result = await runCode(
      `${PRELUDE}
      import { context } from '@opentelemetry/api'
      for (const name of ['first', 'second']) {
        const provider = new NodeTracerProvider()
        provider.register()
        await trace.getTracer('app').startActiveSpan(name, async (span) => {
          await null
          burn(name)
          print(labelsOf(span, name))
          span.end()
        })
        await provider.shutdown()
        trace.disable()
        context.disable()
      }`,
      options,
    )
    expectQuiet(result)
    expect(['first', 'second'].flatMap((name) => labelsIn(directory, name))).toEqual(
      printed(result),
    )
  })

  it('doubles nothing where the app has a span processor and a wrapped provider too', async () => {
    const { directory, ...options } = withProfiles({ nodeArgs: IMPORT })
    const result = await runCode(
      `${PRELUDE}
      import { SpanProfilesProcessor, wrapTracerProvider } from 'spanprof/otel'
      import { context } from '@opentelemetry/api'
      import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
      const inner = new NodeTracerProvider({ spanProcessors: [new SpanProfilesProcessor()] })
      trace.setGlobalTracerProvider(wrapTracerProvider(inner))
      context.setGlobalContextManager(new AsyncLocalStorageContextManager())
      await trace.getTracer('app').startActiveSpan('GET', async (span) => {
        burn('burn')
        await trace.getTracer('app').startActiveSpan('inner', async (inner) => {
          await null
          burn('burn')
          inner.end()
        })
        span.updateName('GET /job')
        print(labelsOf(span, 'GET /job'))
        span.end()
      })`,
      options,
    )
    expectQuiet(result)
    expect(labelsIn(directory, 'burn')).toEqual(printed(result))
  })

  it('leaves a second profiler to an error that says what runs already', async () => {
    const { directory, ...options } = withProfiles({ nodeArgs: IMPORT })
    const result = await runCode(
      `import { startProfiler } from 'spanprof'
      await startProfiler({ outputDir: 'x' }).catch(({ name, code, message }) =>
        console.log(JSON.stringify({ name, code, message })))`,
      options,
    )
    expectQuiet(result)
    expect(printed(result)).toEqual([
      {
        name: 'SpanprofError',
        code: 'ERR_ALREADY_RUNNING',
        message: expect.stringMatching(/profiler/),
      },
    ])
    expect(readdirSync('.')).not.toContain('x')
    expect(directory).toBeTruthy()
  })
})

describe.concurrent('together with @opentelemetry/auto-instrumentations-node/register', () => {
  const AUTO = '@opentelemetry/auto-instrumentations-node/register'
  const OTEL = {
    OTEL_SERVICE_NAME: 'auto',
    OTEL_TRACES_EXPORTER: 'console',
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_LOGS_EXPORTER: 'none',
    OTEL_NODE_RESOURCE_DETECTORS: 'none',
    OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'http',
  }
  const SERVER = `
    import { createRequire } from 'node:module'
    import { once } from 'node:events'
    import { connect } from 'node:net'
    const http = createRequire(process.cwd() + '/')('node:http')
    const { cpuBurner } = await import('./test/programs/burn.mjs')
    const server = http.createServer(async (request, response) => {
      await null
      cpuBurner('handler')(150)
      response.end('ok')
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const socket = connect(server.address().port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\\r\\nhost: x\\r\\nconnection: close\\r\\n\\r\\n')
    socket.resume()
    await once(socket, 'close')
    server.close()`

  it.each([
    ['which is required', ['--require', AUTO, ...IMPORT]],
    ['which is imported first', ['--import', AUTO, ...IMPORT]],
    ['which is imported afterwards', [...IMPORT, '--import', AUTO]],
  ])('%s, it labels what the instrumentations trace', async (_, nodeArgs) => {
    const { directory, ...options } = withProfiles({ nodeArgs, env: OTEL })
    const result = await runCode(SERVER, options)
    expectQuiet(result)
    // The console exporter's text, which is not JSON.
    const [, traceId] = /traceId: '(\w{32})'/.exec(result.stdout) ?? []
    const [, spanId] = /\bid: '(\w{16})'/.exec(result.stdout) ?? []
    expect(labelsIn(directory, 'handler')).toEqual([
      { span_id: spanId, trace_id: traceId, span_name: 'GET' },
    ])
    expect(result.stdout).toContain(`'pyroscope.profile.id': '${spanId}'`)
  })

  it('it profiles though nothing is exported', async () => {
    const { directory, ...options } = withProfiles({
      nodeArgs: ['--require', AUTO, ...IMPORT],
      env: { ...OTEL, OTEL_TRACES_EXPORTER: 'none' },
    })
    expectQuiet(await runCode(SERVER, options))
    expect(having(samplesOf(decodeDirectory(directory)), 'handler')).not.toEqual([])
  })
})

describe.concurrent('worker threads and child processes that inherit NODE_OPTIONS', () => {
  const env = { NODE_OPTIONS: IMPORT.join(' ') }

  it('start nothing a second time in a worker thread', async () => {
    const { directory, ...options } = withProfiles({ env })
    const result = await runCode(
      `import { Worker } from 'node:worker_threads'
      import { once } from 'node:events'
      const source = \`import('node:worker_threads').then(({ parentPort }) => {
        const keys = Reflect.ownKeys(globalThis).map(String)
        parentPort.postMessage(keys.filter((key) => /spanprof|opentelemetry/.test(key)))
      })\`
      const worker = new Worker(source, { eval: true })
      const [message] = await once(worker, 'message')
      console.log(JSON.stringify(message))
      await once(worker, 'exit')
      const { cpuBurner } = await import('./test/programs/burn.mjs')
      cpuBurner('burn')(100)`,
      options,
    )
    expectQuiet(result)
    expect(printed(result)).toEqual([[]])
    expect(profileFiles(directory)).toHaveLength(1)
    expect(labelsIn(directory, 'burn')).toEqual([{}])
  })

  it('profile a child process by itself', async () => {
    const { directory, ...options } = withProfiles({ env })
    const result = await runCode(
      `import { spawnSync } from 'node:child_process'
      const { cpuBurner } = await import('./test/programs/burn.mjs')
      const child = spawnSync(process.execPath, ['test/programs/register-app.cjs'],
        { encoding: 'utf8' })
      console.log(child.stdout.trim())
      process.stderr.write(child.stderr)
      cpuBurner('parent')(150)`,
      options,
    )
    expectQuiet(result)
    expect(profileFiles(directory)).toHaveLength(2)
    expect(labelsIn(directory, 'burn')).toEqual(printed(result))
    expect(labelsIn(directory, 'parent')).toEqual([{}])
  })
})

describe.concurrent('an app that cannot be profiled', () => {
  it.each([
    ['no directory', {}, 'SPANPROF_OUTPUT_DIR'],
    [
      'an interval that is no number',
      { SPANPROF_OUTPUT_DIR: 'x', SPANPROF_SAMPLING_INTERVAL_MICROS: 'fast' },
      'SPANPROF_SAMPLING_INTERVAL_MICROS',
    ],
    [
      'a scope that does not exist',
      { SPANPROF_OUTPUT_DIR: 'x', SPANPROF_SPAN_ID_LABEL_SCOPE: 'everything' },
      'SPANPROF_SPAN_ID_LABEL_SCOPE',
    ],
    ['a directory that is a file', { SPANPROF_OUTPUT_DIR: 'package.json' }, 'package.json'],
  ])('for %s runs on, with one warning that says so', async (_, env, named) => {
    const { code, stdout, stderr } = await runCode(
      `console.log('ran')
      process.exitCode = 3`,
      { nodeArgs: IMPORT, env },
    )
    expect({ code, stdout }).toEqual({ code: 3, stdout: 'ran\n' })
    expect(stderr.match(/SpanprofWarning/g)).toHaveLength(1)
    expect(stderr).toContain(named)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(readdirSync('.')).not.toContain('x')
  })
})

describe.concurrent('an app whose environment has a misspelled variable', () => {
  it('is profiled without it, and hears of it', async () => {
    const { directory, ...options } = withProfiles({
      nodeArgs: IMPORT,
      env: { SPANPROF_FLUSH_INTERVAL: '100' },
    })
    const result = await runCode(APP, options)
    expect(result.code).toBe(0)
    expect(result.stderr).toContain(
      'SPANPROF_FLUSH_INTERVAL has no effect; did you mean SPANPROF_FLUSH_INTERVAL_MS?',
    )
    expect(result.stderr.match(/SpanprofWarning/g)).toHaveLength(1)
    expect(labelsIn(directory, 'burn')).toEqual(printed(result))
  })
})

describe.concurrent('an app whose V8 writes profiles of its own', () => {
  it('is profiled, and hears what Node.js will print', async () => {
    const { directory, ...options } = withProfiles({
      nodeArgs: IMPORT,
      env: { NODE_V8_COVERAGE: temporaryDirectory() },
    })
    const result = await runCode(APP, options)
    expect(result.code).toBe(0)
    expect(result.stderr).toMatch(/SpanprofWarning: .*NODE_V8_COVERAGE/)
    expect(labelsIn(directory, 'burn')).toEqual(printed(result))
  })
})

describe.concurrent('an app that sets nothing in its environment', () => {
  it('hears nothing where its code starts a profiler, and has its spans labelled', async () => {
    const directory = temporaryDirectory()
    const result = await runCode(
      `import { startProfiler } from 'spanprof'
      const profiler = await startProfiler({
        outputDir: ${JSON.stringify(directory)},
        samplingIntervalMicros: 1000,
      })
      ${APP}
      await profiler.stop()`,
      { nodeArgs: IMPORT },
    )
    expectQuiet(result)
    expect(labelsIn(directory, 'burn')).toEqual(printed(result))
  })
})

describe.concurrent('the end of an app', () => {
  it.each([
    ['throws', `throw new Error('thrown on purpose')`, 1],
    ['rejects', `Promise.reject(new Error('rejected on purpose'))`, 1],
    ['calls process.exit', 'process.exit(7)', 7],
  ])('that %s keeps its exit code and its profile', async (_, end, exitCode) => {
    const { directory, ...options } = withProfiles({ nodeArgs: IMPORT })
    const result = await runCode(
      `${APP}
      setImmediate(() => { ${end} })
      setInterval(() => {}, 1000)`,
      options,
    )
    expect(result.code).toBe(exitCode)
    expect(result.stderr.includes('on purpose')).toBe(exitCode === 1)
    expect(labelsIn(directory, 'burn')).toEqual(printed(result))
  })

  it('of which a module cannot be loaded keeps its exit code', async () => {
    const { directory, ...options } = withProfiles({ nodeArgs: IMPORT })
    const result = await runCode(`import './no-such-file.mjs'`, options)
    expect(result.code).toBe(1)
    expect(result.stderr).toContain('ERR_MODULE_NOT_FOUND')
    expect(directory).toBeTruthy()
  })
})
