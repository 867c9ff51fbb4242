import { describe, expect, it } from 'vitest'
import { checkConfig, type PyroscopeConfig } from '../../src/drop-in/config.ts'
import type { ContinuousType } from '../../src/drop-in/continuous.ts'
import { profilerOptions, withDefaults } from '../../src/drop-in/profiler-options.ts'
import { resolveProfilerOptions } from '../../src/options/profiler-options.ts'

const resolve = (
  config: PyroscopeConfig,
  types: readonly ContinuousType[] = ['wall'],
  environment: Record<string, string> = {},
) =>
  resolveProfilerOptions(
    profilerOptions(checkConfig(config, environment), new Set(types)),
    withDefaults(environment),
  )

describe('what init sets', () => {
  it('has the defaults of the other package where it has any', () => {
    expect(resolve({ appName: 'shop' })).toMatchObject({
      appName: 'shop',
      flushIntervalMs: 60_000,
      samplingIntervalMicros: 10_000,
      types: ['wall'],
      heap: undefined,
      server: { serverAddress: 'http://localhost:4040', authToken: undefined },
      sources: { sourceMaps: true, stripFilenames: undefined, shortenPaths: false },
    })
    expect(resolve({}, ['heap']).heap).toMatchObject({
      samplingIntervalBytes: 524_288,
      stackDepth: 64,
    })
  })

  it('has deeper stacks of the heap cut, not refused', () => {
    expect(resolve({ heap: { stackDepth: 2000 } }, ['heap']).heap).toMatchObject({
      stackDepth: 128,
    })
  })

  it('has profiles cut, not refused, that a server would not take', () => {
    expect(resolve({ flushIntervalMs: 3_600_000 }).flushIntervalMs).toBe(1_800_000)
  })

  it('has an end that waits for a server no longer than the exit does, unless that is said', () => {
    expect(resolve({}).server).toMatchObject({ flushTimeoutMs: 2000 })
    const longer = { SPANPROF_FLUSH_TIMEOUT_MS: '5000' }
    expect(resolve({}, ['wall'], longer).server).toMatchObject({ flushTimeoutMs: 5000 })
  })

  it('comes to the profiler whole', () => {
    const config: PyroscopeConfig = {
      appName: 'shop',
      serverAddress: 'https://profiles.example/base',
      authToken: 'token',
      basicAuthUser: 'user',
      basicAuthPassword: 'password',
      tenantID: 'acme',
      flushIntervalMs: 5000,
      wall: { samplingDurationMs: 7000, samplingIntervalMicros: 1000, collectCpuTime: true },
      heap: { samplingIntervalBytes: 65_536, stackDepth: 32 },
      stripFilenames: 'all',
      shortenPaths: true,
    }
    expect(resolve(config, ['cpu', 'wall', 'heap'])).toMatchObject({
      appName: 'shop',
      flushIntervalMs: 5000,
      samplingIntervalMicros: 1000,
      types: ['cpu', 'wall'],
      heap: { samplingIntervalBytes: 65_536, stackDepth: 32 },
      server: {
        serverAddress: 'https://profiles.example/base',
        authToken: 'token',
        basicAuthUser: 'user',
        basicAuthPassword: 'password',
        tenantId: 'acme',
      },
      sources: { stripFilenames: 'all', shortenPaths: true },
    })
  })

  it('has tags that say what profiles, unless they are given', () => {
    const tagsOf = (tags: PyroscopeConfig['tags']) => {
      const { tags: pairs } = resolve({ tags })
      return Object.fromEntries(
        pairs.map((_, i) => pairs.slice(i, i + 2)).filter((_, i) => !(i % 2)),
      )
    }
    const defaults = {
      'otel.scope.name': 'spanprof',
      'otel.scope.version': expect.stringMatching(/^\d+\.\d+\.\d+/),
      'process.runtime.name': 'nodejs',
      'process.runtime.version': process.versions.node,
    }
    expect(tagsOf(undefined)).toEqual(defaults)
    expect(tagsOf({ region: 'eu', 'process.runtime.name': 'mine' })).toEqual({
      ...defaults,
      'process.runtime.name': 'mine',
      region: 'eu',
    })
  })

  it('goes before its own variables, these before those of spanprof, and all before the defaults', () => {
    const spanprof = { SPANPROF_FLUSH_INTERVAL_MS: '1000', SPANPROF_SPOOL_DIR: 'spool' }
    const both = { ...spanprof, PYROSCOPE_FLUSH_INTERVAL_MS: '2000' }
    expect(resolve({}, ['wall'], spanprof)).toMatchObject({
      flushIntervalMs: 1000,
      server: { spoolDir: 'spool' },
    })
    expect(resolve({}, ['wall'], both).flushIntervalMs).toBe(2000)
    expect(resolve({ flushIntervalMs: 3000 }, ['wall'], both).flushIntervalMs).toBe(3000)
  })
})
