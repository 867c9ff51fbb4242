import { describe, expect, it } from 'vitest'
import { checkConfig, type PyroscopeConfig, unknownKeys } from '../../src/drop-in/config.ts'

const check = (config: unknown, environment = {}) =>
  checkConfig(config as PyroscopeConfig, environment)

/** The lines below the headline. */
function faultsOf(config: unknown, environment = {}): string[] {
  try {
    check(config, environment)
  } catch (error) {
    expect(error).toMatchObject({ name: 'SpanprofError', code: 'ERR_INVALID_OPTION' })
    const [headline, empty, ...faults] = (error as Error).message.split('\n')
    expect([headline, empty]).toEqual(['invalid config:', ''])
    return faults
  }
  return []
}

const ENVIRONMENT = {
  PYROSCOPE_APPLICATION_NAME: 'shop',
  PYROSCOPE_SERVER_ADDRESS: 'http://pyroscope:4040',
  PYROSCOPE_AUTH_TOKEN: 'token',
  PYROSCOPE_BASIC_AUTH_USER: 'user',
  PYROSCOPE_BASIC_AUTH_PASSWORD: 'password',
  PYROSCOPE_TENANT_ID: 'acme',
  PYROSCOPE_FLUSH_INTERVAL_MS: '5000',
  PYROSCOPE_WALL_SAMPLING_DURATION_MS: '7000',
  PYROSCOPE_WALL_SAMPLING_INTERVAL_MICROS: '1000',
  PYROSCOPE_WALL_COLLECT_CPU_TIME: '1',
  PYROSCOPE_HEAP_SAMPLING_INTERVAL_BYTES: '65536',
  PYROSCOPE_HEAP_STACK_DEPTH: '32',
  PYROSCOPE_STRIP_FILENAMES: 'dependencies',
  PYROSCOPE_SHORTEN_PATHS: 'true',
}

const FROM_ENVIRONMENT: PyroscopeConfig = {
  appName: 'shop',
  serverAddress: 'http://pyroscope:4040',
  authToken: 'token',
  basicAuthUser: 'user',
  basicAuthPassword: 'password',
  tenantID: 'acme',
  flushIntervalMs: 5000,
  wall: { samplingDurationMs: 7000, samplingIntervalMicros: 1000, collectCpuTime: true },
  heap: { samplingIntervalBytes: 65_536, stackDepth: 32 },
  stripFilenames: 'dependencies',
  shortenPaths: true,
}

describe('a config', () => {
  it('may be empty', () => {
    expect(check({})).toEqual({ wall: {}, heap: {} })
  })

  it('is read from the environment', () => {
    expect(check({}, ENVIRONMENT)).toEqual(FROM_ENVIRONMENT)
  })

  it('goes before the environment, member by member', () => {
    const config = {
      appName: 'cart',
      wall: { collectCpuTime: false },
      heap: { stackDepth: 10 },
      shortenPaths: false,
    }
    expect(check(config, ENVIRONMENT)).toEqual({
      ...FROM_ENVIRONMENT,
      ...config,
      wall: { ...FROM_ENVIRONMENT.wall, collectCpuTime: false },
      heap: { ...FROM_ENVIRONMENT.heap, stackDepth: 10 },
    })
  })

  it('gives way to the ad-hoc server alone', () => {
    const environment = { ...ENVIRONMENT, PYROSCOPE_ADHOC_SERVER_ADDRESS: 'http://adhoc:4040' }
    const config = { serverAddress: 'http://mine:4040', appName: 'cart' }
    expect(check(config)).toMatchObject(config)
    expect(check(config, environment)).toMatchObject({
      serverAddress: 'http://adhoc:4040',
      appName: 'cart',
    })
  })

  it.each([undefined, null, ''])('takes %j for what is not given', (nothing) => {
    const config = { appName: nothing, authToken: nothing, flushIntervalMs: nothing, wall: nothing }
    expect(check(config, ENVIRONMENT)).toEqual(FROM_ENVIRONMENT)
  })

  it('takes an empty variable for one that is not set', () => {
    expect(check({}, { PYROSCOPE_FLUSH_INTERVAL_MS: '' })).toEqual({ wall: {}, heap: {} })
  })

  it.each([undefined, null, 7, 'shop', []])('must be an object, not %j', (config) => {
    expect(() => check(config)).toThrow('the config of init must be an object')
  })

  it.each([
    ['appName', 7],
    ['serverAddress', 'localhost:4040'],
    ['authToken', 7],
    ['basicAuthUser', {}],
    ['basicAuthPassword', 7],
    ['tenantID', 7],
    ['tenantID', 'a b'],
    ['flushIntervalMs', '60s'],
    ['flushIntervalMs', 0.5],
    ['tags', 'region=eu'],
    ['wall', 'fast'],
    ['wall.samplingDurationMs', '10'],
    ['wall.samplingIntervalMicros', 99],
    ['wall.collectCpuTime', 'yes'],
    ['heap', []],
    ['heap.samplingIntervalBytes', '1'],
    ['heap.stackDepth', 0],
    ['stripFilenames', 'none'],
    ['shortenPaths', 'yes'],
    ['sourceMapper', 'dist'],
  ])('of which %s is %j is refused, and says so', (path, value) => {
    const [name = '', member] = path.split('.')
    const config = { [name]: member === undefined ? value : { [member]: value } }
    expect(faultsOf(config)).toEqual([expect.stringContaining(`${path} must`)])
  })

  it.each(['{', '}', ',', '='])('may not have %s in a name, a tag or its value', (separator) => {
    const text = `a${separator}b`
    const quoted = JSON.stringify(text)
    expect(faultsOf({ appName: text, tags: { [text]: 'x', region: text } })).toEqual([
      `appName must not contain any of { } , =, received ${quoted}`,
      `the tag name ${quoted} must not contain any of { } , =, received ${quoted}`,
      `tags.region must not contain any of { } , =, received ${quoted}`,
    ])
  })

  it('may not have a tag without a name', () => {
    expect(faultsOf({ tags: { '': 'x' } })).toEqual(['tags must not contain an empty name'])
  })

  it('may have a number for a user, as those of Grafana Cloud are', () => {
    expect(check({ basicAuthUser: 123 })).toMatchObject({ basicAuthUser: '123' })
  })

  it('is told all its faults at once, those of the environment too', () => {
    const config = { appName: 'a{b', tags: { ok: 1, no: true, also: undefined }, wall: 7 }
    expect(faultsOf(config, { PYROSCOPE_FLUSH_INTERVAL_MS: 'soon' })).toEqual([
      expect.stringContaining('appName'),
      expect.stringContaining('PYROSCOPE_FLUSH_INTERVAL_MS'),
      'tags.no must be a string or a number, received true',
      'tags.also must be a string or a number, received undefined',
      expect.stringContaining('wall'),
    ])
  })

  it('shows no secret in its faults', () => {
    const config = {
      authToken: 's3cret\n',
      basicAuthPassword: { s3cret: 1 },
      serverAddress: 'ftp://user:s3cret@localhost',
    }
    const faults = faultsOf(config)
    expect(faults).toHaveLength(3)
    expect(faults.join()).not.toContain('s3cret')
  })

  it('may have names that mean nothing, which are known', () => {
    const config = { appName: 'shop', autoStart: true, wall: { hz: 1, collectCpuTime: true } }
    expect(faultsOf(config)).toEqual([])
    expect(unknownKeys(config as PyroscopeConfig)).toEqual(['autoStart', 'wall.hz'])
    expect(unknownKeys(FROM_ENVIRONMENT)).toEqual([])
  })
})
