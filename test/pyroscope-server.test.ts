import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { type DecodedProfile, decodeProfile } from './decoded-profile.ts'
import { runProgram, temporaryDirectory } from './program.ts'
import { PyroscopeQueries } from './pyroscope-queries.ts'

/**
 * Against a real Pyroscope. Its single-process container takes the address
 * `PYROSCOPE_URL=http://localhost:4040`; without one there is nothing to test here.
 */
const { PYROSCOPE_URL } = process.env
if (!PYROSCOPE_URL) {
  console.log('PYROSCOPE_URL is not set: nothing is tested against a real Pyroscope.')
}

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds'
const CPU_SAMPLES = 'process_cpu:samples:count:cpu:nanoseconds'
const WALL = 'wall:wall:nanoseconds:wall:nanoseconds'
const HEAP_SPACE = 'memory:inuse_space:bytes:space:bytes'
const HEAP_OBJECTS = 'memory:inuse_objects:count:space:bytes'

/** Servers with one tenant take every name for it, so it has to be new for each run. */
const RUN = randomBytes(4).toString('hex')
const TENANT = `spanprof-${RUN}`
const APP = `spanprof-test-${RUN}`
const SELECTOR = `{service_name="${APP}"}`

/** What has been pushed can be asked for a second or two later. */
function eventually<T>(ask: () => Promise<T>) {
  return expect.poll(ask, { timeout: 30_000, interval: 500 })
}

interface AppSpan {
  readonly name: string
  readonly spanId: string
  readonly traceId: string
}

describe.skipIf(!PYROSCOPE_URL)('a real Pyroscope', () => {
  const queries = new PyroscopeQueries(PYROSCOPE_URL ?? '', TENANT)
  let spans: AppSpan[] = []
  let pushed: { name: string; profile: DecodedProfile }[] = []

  beforeAll(async () => {
    const outputDir = temporaryDirectory()
    const args = [PYROSCOPE_URL ?? '', TENANT, APP, outputDir]
    const { stdout, stderr, code } = await runProgram('pyroscope-app.mjs', { args })
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    const printed = JSON.parse(stdout)
    expect(printed.profilesDropped).toBe(0)
    spans = printed.spans
    pushed = readdirSync(outputDir).map((name) => ({
      name,
      profile: decodeProfile(readFileSync(join(outputDir, name))),
    }))
  })

  /** Of the files that were written beside what was pushed. */
  function sum(
    type: string,
    value: string,
    isMeant: (labels: Record<string, string>) => boolean = () => true,
  ): number {
    return pushed
      .filter(({ name }) => name.includes(`-${type}-`))
      .flatMap(({ profile }) => profile.samples)
      .filter(({ labels }) => isMeant(labels))
      .reduce((total, { values }) => total + (values[value] as number), 0)
  }

  it('knows the types of profiles', async () => {
    await eventually(() => queries.profileTypes()).toEqual(
      expect.arrayContaining([CPU, CPU_SAMPLES, WALL, HEAP_SPACE, HEAP_OBJECTS]),
    )
  })

  it.each([
    [CPU_SAMPLES, 'cpu', 'samples'],
    [CPU, 'cpu', 'cpu'],
    [WALL, 'wall', 'wall'],
    [HEAP_OBJECTS, 'heap', 'inuse_objects'],
    [HEAP_SPACE, 'heap', 'inuse_space'],
  ])('has exactly what was pushed of %s', async (profileType, type, value) => {
    const expected = sum(type, value)
    expect(expected).toBeGreaterThan(0)
    await eventually(() => queries.total(profileType, SELECTOR)).toBe(expected)
  })

  it('has a series for each span name, and the tags', async () => {
    await eventually(() => queries.labelValues('span_name', SELECTOR)).toEqual(
      expect.arrayContaining(['checkout', 'search']),
    )
    await eventually(() => queries.labelValues('region', SELECTOR)).toEqual(['eu'])
    const ofSearch = `{service_name="${APP}",span_name="search"}`
    const isSearch = (labels: Record<string, string>) => labels.span_name === 'search'
    await eventually(() => queries.total(CPU, ofSearch)).toBe(sum('cpu', 'cpu', isSearch))
  })

  it('finds each span’s CPU time by its id', async () => {
    expect(spans).toHaveLength(3)
    for (const { spanId } of spans) {
      const expected = sum('cpu', 'cpu', (labels) => labels.span_id === spanId)
      expect(expected).toBeGreaterThan(0)
      await eventually(() => queries.totalOfSpans(CPU, [spanId])).toBe(expected)
    }
  })

  it('finds each trace’s CPU time by its id', async () => {
    for (const { traceId } of spans) {
      const expected = sum('cpu', 'cpu', (labels) => labels.trace_id === traceId)
      expect(expected).toBeGreaterThan(0)
      await eventually(() => queries.totalOfTraces(CPU, SELECTOR, [traceId])).toBe(expected)
    }
  })

  it('shows functions with their places', async () => {
    await eventually(() => queries.functionNames(CPU, SELECTOR)).toContainEqual(
      expect.stringMatching(/^\.\/test\/programs\/burn\.mjs:threadCpuNanos:\d+$/),
    )
  })

  it('keeps tenants apart', async ({ skip }) => {
    const other = new PyroscopeQueries(PYROSCOPE_URL ?? '', `${TENANT}-other`)
    const isOneTenant = await fetch(`${PYROSCOPE_URL}/querier.v1.QuerierService/ProfileTypes`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ start: Date.now() - 1000, end: Date.now() }),
    }).then(({ ok }) => ok)
    if (isOneTenant) skip('the server has one tenant for everything')
    expect(await other.profileTypes()).toEqual([])
    expect(await other.total(CPU, SELECTOR)).toBe(0)
  })
})
