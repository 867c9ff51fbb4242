import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import {
  type ProfileOptions,
  type ProfilerOptions,
  resolveProfileOptions,
  resolveProfilerOptions,
} from '../../src/options/profiler-options.ts'
import { temporaryDirectory } from '../program.ts'

const resolve = (options: unknown) => resolveProfilerOptions(options as ProfilerOptions)
const withOutput = (options: object) => resolve({ outputDir: './profiles', ...options })

/** An error of that code whose message holds all of these. */
function fault(code: string, ...parts: string[]) {
  return expect.toSatisfy((error: unknown) => {
    expect(error).toMatchObject({ name: 'SpanprofError', code })
    for (const part of parts) expect((error as Error).message).toContain(part)
    return true
  })
}

describe('options', () => {
  it('have defaults', () => {
    expect(resolve({ outputDir: 'profiles' })).toEqual({
      appName: expect.any(String),
      outputDir: 'profiles',
      samplingIntervalMicros: 10_000,
      flushIntervalMs: 15_000,
      tags: [],
      flushOnSignals: false,
      exitTimeoutMs: 2000,
      logger: undefined,
      types: ['cpu'],
      heap: undefined,
      sources: { sourceMaps: true, stripFilenames: undefined, shortenPaths: false },
      server: undefined,
    })
  })

  it('take undefined for what was not given', () => {
    expect(withOutput({ flushIntervalMs: undefined }).flushIntervalMs).toBe(15_000)
  })

  it('sort tags, and take numbers as their text', () => {
    expect(withOutput({ tags: { zone: 3, region: 'eu' } }).tags).toEqual([
      'region',
      'eu',
      'zone',
      '3',
    ])
  })

  it.each([
    ['samplingInterval', 'samplingIntervalMicros'],
    ['flushInterval', 'flushIntervalMs'],
    ['APPNAME', 'appName'],
    ['outdir', 'outputDir'],
    ['tag', 'tags'],
  ])('unknown as %s are refused, naming %s', (name, nearest) => {
    expect(() => withOutput({ [name]: 1 })).toThrow(
      fault('ERR_UNKNOWN_OPTION', `'${name}'`, `'${nearest}'`),
    )
  })

  it.each([
    ['appName', '', 'non-empty string', '""'],
    ['appName', 7, 'non-empty string', '7'],
    ['outputDir', null, 'non-empty string', 'null'],
    ['samplingIntervalMicros', 99, '100', '99'],
    ['samplingIntervalMicros', 1_000_001, '1000000', '1000001'],
    ['samplingIntervalMicros', '10000', 'number', '"10000"'],
    ['samplingIntervalMicros', 1000.5, 'whole number', '1000.5'],
    ['samplingIntervalMicros', Number.NaN, 'number', 'NaN'],
    ['flushIntervalMs', 99, '100', '99'],
    ['cpu', false, 'wall', 'false'],
    ['heap', 1, 'object', '1'],
    ['heap', { stackDepth: 0 }, 'heap.stackDepth', '0'],
    ['heap', { maxPausePercent: 0 }, 'heap.maxPausePercent', '0'],
    ['stripFilenames', 'al', "'all'", '"al"'],
    ['serverAddress', 'localhost:4040', 'http://localhost:4040', '"localhost:4040"'],
    ['serverAddress', 'ftp://localhost', 'http://localhost:4040', '"ftp://localhost"'],
    ['tls', { caFile: 1 }, 'tls.caFile', '1'],
    ['httpHeaders', { 'a b': 'c' }, 'httpHeaders', 'header names'],
    ['httpHeaders', new Map([['a', 'b']]), 'httpHeaders', 'an object'],
    ['httpHeaders', new Headers({ a: 'b' }), 'httpHeaders', 'an object'],
    ['httpHeaders', [], 'httpHeaders', 'an object'],
    ['httpHeaders', { 'Content-Length': '1' }, 'httpHeaders', "'Content-Length'"],
    ['httpHeaders', { host: 'a' }, 'httpHeaders', "'host'"],
    ['httpHeaders', { 'transfer-encoding': 'chunked' }, 'httpHeaders', "'transfer-encoding'"],
    ['tls', { keyFile: Buffer.from('pem') }, 'tls.keyFile', 'received bytes'],
    ['flushIntervalMs', 86_400_001, '86400000', '86400001'],
    ['exitTimeoutMs', -1, '0', '-1'],
    ['exitTimeoutMs', 60_001, '60000', '60001'],
    ['flushOnSignals', 'yes', 'true or false', '"yes"'],
    ['tags', 'region=eu', 'object', '"region=eu"'],
    ['tags', ['eu'], 'object', '["eu"]'],
    ['tags', { region: true }, 'tags.region', 'true'],
    ['tags', { '': 'eu' }, 'keys', '{"":"eu"}'],
    ['logger', {}, 'warn', '{}'],
    ['logger', () => {}, 'warn', 'a function'],
  ])('%s: %j is refused, naming option and value', (name, value, expected, shown) => {
    expect(() => withOutput({ [name]: value })).toThrow(
      fault('ERR_INVALID_OPTION', name, expected, shown),
    )
  })

  it('without a place for profiles are refused', () => {
    expect(() => resolve({})).toThrow(fault('ERR_NO_SINK', 'outputDir'))
  })

  it.each([undefined, null, 7])('given as %s are refused', (options) => {
    expect(() => resolve(options)).toThrow(fault('ERR_INVALID_OPTION', String(options)))
  })
})

describe('options of a one-shot', () => {
  it('need a duration', () => {
    expect(() => resolveProfileOptions({} as ProfileOptions)).toThrow(
      fault('ERR_INVALID_OPTION', 'durationMs'),
    )
  })

  it.each([9, 3_600_001, Number.POSITIVE_INFINITY, '1000'])('refuse %s as one', (durationMs) => {
    expect(() => resolveProfileOptions({ durationMs } as ProfileOptions)).toThrow(
      fault('ERR_INVALID_OPTION', 'durationMs'),
    )
  })

  it('take a signal, and nothing else for one', () => {
    const { signal } = new AbortController()
    expect(resolveProfileOptions({ durationMs: 10, signal }).signal).toBe(signal)
    expect(() => resolveProfileOptions({ durationMs: 10, signal: {} as AbortSignal })).toThrow(
      fault('ERR_INVALID_OPTION', 'signal', 'AbortSignal'),
    )
  })

  it('leave the interval open', () => {
    expect(resolveProfileOptions({ durationMs: 10 }).samplingIntervalMicros).toBeUndefined()
  })
})

describe('the app’s name', () => {
  afterEach(() => {
    delete process.env.OTEL_SERVICE_NAME
    delete process.env.OTEL_RESOURCE_ATTRIBUTES
  })

  it('is OTEL_SERVICE_NAME where that is set', () => {
    process.env.OTEL_SERVICE_NAME = 'checkout'
    process.env.OTEL_RESOURCE_ATTRIBUTES = 'service.name=other'
    expect(resolve({ outputDir: '.' }).appName).toBe('checkout')
    expect(withOutput({ appName: 'mine' }).appName).toBe('mine')
  })

  it.each([
    ['service.name=checkout', 'checkout'],
    ['deployment.environment=prod, service.name = check%20out ,a=b', 'check out'],
    ['my.service.name=no,service.name=yes,service.namespace=shop', 'yes'],
  ])('is the service name in OTEL_RESOURCE_ATTRIBUTES=%s', (attributes, expected) => {
    process.env.OTEL_RESOURCE_ATTRIBUTES = attributes
    expect(resolve({ outputDir: '.' }).appName).toBe(expected)
  })

  it.each(['service.name=', 'service.name=%', 'service.name', 'region=eu'])(
    'is not in OTEL_RESOURCE_ATTRIBUTES=%s',
    (attributes) => {
      const without = resolve({ outputDir: '.' }).appName
      process.env.OTEL_RESOURCE_ATTRIBUTES = attributes
      expect(resolve({ outputDir: '.' }).appName).toBe(without)
    },
  )

  it.each(['as a file', 'as a link to it'])(
    'is the name in the package.json above the main file, %s',
    (how) => {
      const main = process.argv[1]
      const file = new URL('../programs/exit.mjs', import.meta.url).pathname
      const link = join(temporaryDirectory(), 'command')
      symlinkSync(file, link)
      process.argv[1] = how === 'as a file' ? file : link
      try {
        expect(resolve({ outputDir: '.' }).appName).toBe('spanprof')
      } finally {
        process.argv[1] = main as string
      }
    },
  )
})

describe('the service’s namespace', () => {
  afterEach(() => {
    delete process.env.OTEL_RESOURCE_ATTRIBUTES
  })

  it('is a tag where OpenTelemetry’s environment has one, unless that is given', () => {
    process.env.OTEL_RESOURCE_ATTRIBUTES = 'service.namespace=shop%20eu'
    expect(withOutput({}).tags).toEqual(['service_namespace', 'shop eu'])
    expect(withOutput({ tags: { service_namespace: 'mine' } }).tags).toEqual([
      'service_namespace',
      'mine',
    ])
  })
})

describe('secrets', () => {
  it.each([
    ['serverAddress', 'ftp://user:s3cret@localhost'],
    ['serverAddress', 'user:s3cret@localhost:4040'],
    ['serverAddress', 'user:s3cret%40localhost:4040'],
    ['serverAddress', 'http://user:s3cret'],
    ['serverAddress', 'ftp://user:s3cret\n@localhost'],
    ['serverAddress', 'localhost?token=s3cret'],
    ['serverAddress', ['http://user:s3cret@localhost']],
    ['serverAddress', { href: 'http://user:s3cret@localhost' }],
    ['serverAddress', new URL('ftp://user:s3cret@localhost')],
    ['authToken', 's3cret\n'],
    ['basicAuthPassword', { s3cret: 1 }],
    ['httpHeaders', { authorization: { s3cret: 1 } }],
    ['httpHeaders', 's3cret'],
  ])('are not in the error of %s', (name, value) => {
    const refused = () => withOutput({ [name]: value })
    expect(refused).toThrow(name)
    expect(refused).not.toThrow('s3cret')
  })
})

describe('options of a server', () => {
  const server = (options: object, environment = {}) =>
    resolveProfilerOptions({ serverAddress: 'http://localhost:4040', ...options }, environment)
      .server

  it('have defaults', () => {
    expect(server({})).toEqual({
      serverAddress: 'http://localhost:4040',
      authToken: undefined,
      basicAuthUser: undefined,
      basicAuthPassword: undefined,
      tenantId: undefined,
      httpHeaders: {},
      tls: {},
      spoolDir: undefined,
      maxSpoolBytes: 134_217_728,
      maxQueueBytes: 16_777_216,
      uploadTimeoutMs: 10_000,
      uploadDeadlineMs: 300_000,
      flushTimeoutMs: 10_000,
      proxies: { http: undefined, https: undefined, none: undefined },
    })
  })

  it.each([
    ['spoolDir', './spool'],
    ['authToken', 'token'],
    ['tls', { insecureSkipVerify: true }],
    ['uploadTimeoutMs', 1000],
  ])('are refused without one: %s', (name, value) => {
    expect(() => withOutput({ [name]: value })).toThrow(
      fault('ERR_INVALID_OPTION', name, 'serverAddress'),
    )
  })

  it.each([
    ['certFile', 'keyFile'],
    ['keyFile', 'certFile'],
  ])('need for tls.%s its tls.%s', (name, other) => {
    expect(() => server({ tls: { [name]: 'x.pem' } })).toThrow(
      fault('ERR_INVALID_OPTION', `tls.${name}`, `tls.${other}`),
    )
  })

  it.each([
    ['http://ann:s3cret@localhost:4040/', 'ann', 's3cret'],
    ['http://ann:p%40ss%3A@localhost:4040', 'ann', 'p@ss:'],
    ['http://ann:100%@localhost:4040', 'ann', '100%'],
    ['http://ann@localhost:4040', 'ann', undefined],
  ])('take credentials out of %s', (serverAddress, user, password) => {
    expect(server({ serverAddress })).toMatchObject({
      serverAddress: 'http://localhost:4040',
      basicAuthUser: user,
      basicAuthPassword: password,
    })
    expect(server({ serverAddress, basicAuthUser: 'bob' })?.basicAuthUser).toBe('bob')
  })

  it('take an address that is a URL', () => {
    expect(server({ serverAddress: new URL('http://ann:s3cret@host:4040') })).toMatchObject({
      serverAddress: 'http://host:4040',
      basicAuthPassword: 's3cret',
    })
  })

  it('take headers without a prototype', () => {
    const httpHeaders = Object.assign(Object.create(null), { 'x-a': 'b' })
    expect(server({ httpHeaders })?.httpHeaders).toEqual({ 'x-a': 'b' })
  })

  it('refuse profiles so long that a server would refuse them', () => {
    expect(() => server({ flushIntervalMs: 1_800_001 })).toThrow(
      fault('ERR_INVALID_OPTION', 'flushIntervalMs', '1800000', '1800001'),
    )
    expect(server({ flushIntervalMs: 1_800_000 })).toBeDefined()
    expect(withOutput({ flushIntervalMs: 1_800_001 }).flushIntervalMs).toBe(1_800_001)
  })

  it('refuse a tenant that is no header', () => {
    expect(() => server({ tenantId: 'a\nb' })).toThrow(fault('ERR_INVALID_OPTION', 'tenantId'))
  })

  it.each([['socks5://s3cret@proxy:1080'], ['http://']])('refuse the proxy %s', (address) => {
    const refused = () => server({}, { HTTPS_PROXY: address })
    expect(refused).toThrow(fault('ERR_INVALID_OPTION', 'HTTPS_PROXY'))
    expect(refused).not.toThrow('s3cret')
  })
})

describe('members of an option', () => {
  it('that are unknown are refused', () => {
    expect(() => withOutput({ heap: { depth: 1 } })).toThrow(
      fault('ERR_UNKNOWN_OPTION', "'heap.depth'", "'stackDepth'"),
    )
  })
})

describe('the environment', () => {
  const environment = {
    SPANPROF_APP_NAME: 'shop',
    SPANPROF_OUTPUT_DIR: './profiles',
    SPANPROF_SAMPLING_INTERVAL_MICROS: '1000',
    SPANPROF_FLUSH_INTERVAL_MS: '5000',
    SPANPROF_TAGS: 'region=eu, shard=1',
    SPANPROF_FLUSH_ON_SIGNALS: 'true',
    SPANPROF_EXIT_TIMEOUT_MS: '0',
    SPANPROF_CPU: 'false',
    SPANPROF_WALL: 'true',
    SPANPROF_HEAP_SAMPLING_INTERVAL_BYTES: '1024',
    SPANPROF_HEAP_STACK_DEPTH: '10',
    SPANPROF_HEAP_ALLOCATIONS: 'true',
    SPANPROF_HEAP_MAX_PAUSE_PERCENT: '0.5',
    SPANPROF_SOURCE_MAPS: 'false',
    SPANPROF_STRIP_FILENAMES: 'dependencies',
    SPANPROF_SHORTEN_PATHS: 'true',
    SPANPROF_SERVER_ADDRESS: 'http://localhost:4040/',
    SPANPROF_AUTH_TOKEN: 'token',
    SPANPROF_BASIC_AUTH_USER: 'user',
    SPANPROF_BASIC_AUTH_PASSWORD: 'password',
    SPANPROF_TENANT_ID: 'acme',
    SPANPROF_HTTP_HEADERS: 'x-one=1,x-two=2',
    SPANPROF_TLS_CA_FILE: 'ca.pem',
    SPANPROF_TLS_INSECURE_SKIP_VERIFY: 'true',
    SPANPROF_SPOOL_DIR: './spool',
    SPANPROF_MAX_SPOOL_BYTES: '65536',
    SPANPROF_MAX_QUEUE_BYTES: '65537',
    SPANPROF_UPLOAD_TIMEOUT_MS: '100',
    SPANPROF_UPLOAD_DEADLINE_MS: '0',
    SPANPROF_FLUSH_TIMEOUT_MS: '1',
    HTTP_PROXY: 'proxy:3128',
    HTTPS_PROXY: 'http://loses:1',
    https_proxy: 'https://proxy:3129',
    NO_PROXY: 'localhost',
  }

  it('has a variable for each option', () => {
    expect(resolveProfilerOptions({}, environment)).toEqual({
      appName: 'shop',
      outputDir: './profiles',
      samplingIntervalMicros: 1000,
      flushIntervalMs: 5000,
      tags: ['region', 'eu', 'shard', '1'],
      flushOnSignals: true,
      exitTimeoutMs: 0,
      logger: undefined,
      types: ['wall'],
      heap: {
        samplingIntervalBytes: 1024,
        stackDepth: 10,
        allocations: true,
        maxPausePercent: 0.5,
      },
      sources: { sourceMaps: false, stripFilenames: 'dependencies', shortenPaths: true },
      server: {
        serverAddress: 'http://localhost:4040',
        authToken: 'token',
        basicAuthUser: 'user',
        basicAuthPassword: 'password',
        tenantId: 'acme',
        httpHeaders: { 'x-one': '1', 'x-two': '2' },
        tls: { caFile: 'ca.pem', insecureSkipVerify: true },
        spoolDir: './spool',
        maxSpoolBytes: 65_536,
        maxQueueBytes: 65_537,
        uploadTimeoutMs: 100,
        uploadDeadlineMs: 0,
        flushTimeoutMs: 1,
        proxies: { http: 'http://proxy:3128', https: 'https://proxy:3129', none: 'localhost' },
      },
    })
  })

  it('turns the heap on with all its defaults', () => {
    const on = { SPANPROF_OUTPUT_DIR: '.', SPANPROF_HEAP: 'true' }
    expect(resolveProfilerOptions({}, on).heap).toMatchObject({ stackDepth: 64 })
    const off = { ...environment, SPANPROF_HEAP: 'false' }
    expect(resolveProfilerOptions({}, off).heap).toBeUndefined()
  })

  it('gives way to what is said in code', () => {
    expect(resolveProfilerOptions({ appName: 'cart' }, environment).appName).toBe('cart')
  })

  it('adds to an object what code leaves out of it', () => {
    const { tags, heap, server } = resolveProfilerOptions(
      { tags: { region: 'us' }, heap: { stackDepth: 10 }, tls: { insecureSkipVerify: false } },
      {
        SPANPROF_SERVER_ADDRESS: 'http://localhost:4040',
        SPANPROF_TAGS: 'region=eu,shard=1',
        SPANPROF_HEAP: 'true',
        SPANPROF_HEAP_STACK_DEPTH: '20',
        SPANPROF_HEAP_MAX_PAUSE_PERCENT: '5',
        SPANPROF_TLS_CA_FILE: 'ca.pem',
      },
    )
    expect(tags).toEqual(['region', 'us', 'shard', '1'])
    expect(heap).toMatchObject({ stackDepth: 10, maxPausePercent: 5 })
    expect(server?.tls).toEqual({ caFile: 'ca.pem', insecureSkipVerify: false })
  })

  it.each([
    [undefined, 'true', 20],
    [true, '', 20],
    [true, 'false', 64],
    [false, 'true', undefined],
  ])('adds to heap: %j and SPANPROF_HEAP=%s', (heap, variable, stackDepth) => {
    const given = { outputDir: '.', ...(heap !== undefined && { heap }) }
    const heapEnvironment = { SPANPROF_HEAP: variable, SPANPROF_HEAP_STACK_DEPTH: '20' }
    const resolved = resolveProfilerOptions(given, heapEnvironment).heap
    expect(resolved?.stackDepth).toBe(stackDepth)
  })

  it('says nothing where code has said all', () => {
    const environment = { SPANPROF_WALL: 'perhaps', SPANPROF_APP_NAME: '' }
    expect(resolveProfilerOptions({ outputDir: '.', wall: true }, environment).types).toEqual([
      'cpu',
      'wall',
    ])
  })

  it('counts for nothing where a variable is empty', () => {
    const empty = { ...environment, SPANPROF_FLUSH_INTERVAL_MS: '' }
    expect(resolveProfilerOptions({}, empty).flushIntervalMs).toBe(15_000)
  })

  it.each([
    ['SPANPROF_FLUSH_INTERVAL_MS', '15s', 'a whole number of milliseconds'],
    ['SPANPROF_FLUSH_INTERVAL_MS', '-5', 'a whole number of milliseconds'],
    ['SPANPROF_FLUSH_ON_SIGNALS', 'yes', 'true or false'],
    ['SPANPROF_TAGS', 'region', 'key=value,key=value'],
  ])('is checked: %s=%s', (name, value, expected) => {
    expect(() => resolveProfilerOptions({}, { ...environment, [name]: value })).toThrow(
      fault('ERR_INVALID_OPTION', `${name} must be ${expected}`, `"${value}"`),
    )
  })

  it('says nothing of durations of a one-shot', () => {
    const seen = resolveProfileOptions({ durationMs: 10 }, { SPANPROF_DURATION_MS: '20' })
    expect(seen.durationMs).toBe(10)
  })
})
