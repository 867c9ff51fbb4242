import { describe, expect, it } from 'vitest'
import { type DecodedSample, decodeProfile, samplesOf, total } from '../decoded-profile.ts'
import { startIngestServer } from '../ingest-server.ts'
import { runProgram } from '../program.ts'

const CPU = 'cpu/nanoseconds'
const WALL = 'wall/nanoseconds'
const HEAP = 'inuse_space/bytes'

/** Runs one of the SDK's documented ways of use to its end. @returns what the server has got of it. */
async function pushedBy(name: string, env: (address: string) => Record<string, string>) {
  const server = await startIngestServer()
  const program = { env: { NODE_NO_WARNINGS: '1', ...env(server.address) } } // Of a slow machine.
  const ended = await runProgram(`sdk-examples/${name}`, program)
  expect(ended).toEqual({ code: 0, signal: null, stdout: '', stderr: '' })
  expect(server.requests.map(({ status }) => status)).toEqual(server.profiles.map(() => 200))
  const of = (type: string) =>
    server.profiles.filter(({ sampleTypes }) => sampleTypes.at(-1) === type)
  return { profiles: server.profiles, of }
}

/** Function names with their places, the innermost first. */
const places = (samples: readonly DecodedSample[]) => samples.flatMap(({ stack }) => stack)
const SLOW_CODE = /^\.\/test\/programs\/sdk-examples\/work\.cjs:(slowCode|busy):\d+$/
const isWorking = ({ stack }: DecodedSample) => stack.some((name) => SLOW_CODE.test(name))

describe.concurrent('the examples of the SDK run with only the package’s name changed', () => {
  it.each(['push.cjs', 'push.mjs'])('%s: push, with tags and CPU', async (name) => {
    const { profiles, of } = await pushedBy(name, (SERVER) => ({ SERVER, REGION: 'eu' }))
    for (const { app, tags, spyName } of profiles) {
      expect({ app, spyName }).toEqual({ app: 'myNodeService', spyName: 'nodespy' })
      expect(tags).toMatchObject({ region: 'eu', 'process.runtime.name': 'nodejs' })
    }
    for (const type of [CPU, WALL]) {
      expect(places(samplesOf(of(type)))).toContainEqual(expect.stringMatching(SLOW_CODE))
    }
    expect(total(samplesOf(of(WALL)), 'cpuNanos')).toBeGreaterThan(300e6)
  })

  it('environment.cjs: nothing in code, by the default member', async () => {
    const { profiles, of } = await pushedBy('environment.cjs', (address) => ({
      PYROSCOPE_SERVER_ADDRESS: address,
      PYROSCOPE_APPLICATION_NAME: 'fromEnvironment',
      PYROSCOPE_WALL_COLLECT_CPU_TIME: 'true',
    }))
    expect(new Set(profiles.map(({ app }) => app))).toEqual(new Set(['fromEnvironment']))
    expect(of(CPU)).not.toEqual([])
    expect(of(WALL)).not.toEqual([])
    expect(of(HEAP)).toEqual([])
  })

  it('labels.cjs: labels, across await and side by side', async () => {
    const { of } = await pushedBy('labels.cjs', (SERVER) => ({ SERVER }))
    const working = samplesOf(of(WALL)).filter(isWorking)
    const by = (vehicle: string | undefined) =>
      total(
        working.filter(({ labels }) => labels.vehicle === vehicle),
        'count',
      )
    expect(by(undefined)).toBe(0)
    expect(by('bike')).toBeGreaterThan(5)
    expect(by('car')).toBeGreaterThan(5)
  })

  it('source-maps.cjs: places in the sources, with a source mapper', async () => {
    const { of } = await pushedBy('source-maps.cjs', (SERVER) => ({ SERVER }))
    const samples = samplesOf(of(WALL))
    const files = samples.flatMap(({ locations }) => locations.map(({ file }) => file))
    expect(files.some((file) => file.endsWith('sdk-examples/src/cart.ts'))).toBe(true)
    expect(files.filter((file) => file.includes('compiled'))).toEqual([])
  })

  it.each(['express.cjs', 'fastify.mjs'])('%s: pull', async (name) => {
    const { address: SERVER } = await startIngestServer()
    let pulled: Promise<[Buffer, Buffer]> | undefined
    const { stderr, signal } = await runProgram(`sdk-examples/${name}`, {
      env: { NODE_NO_WARNINGS: '1', SERVER },
      onOutput(text, kill) {
        pulled ??= pullFrom(`http://127.0.0.1:${text.trim()}`).finally(() => kill('SIGTERM'))
      },
    })
    expect({ stderr, signal }).toEqual({ stderr: '', signal: 'SIGTERM' })
    const [cpu, heap] = ((await pulled) as [Buffer, Buffer]).map(decodeProfile)
    expect(cpu?.sampleTypes.at(-1)).toBe(CPU)
    const busy = (cpu?.samples ?? []).filter(isWorking)
    expect(busy).not.toEqual([])
    for (const { labels } of busy) expect(labels).toEqual({ route: 'home' })
    expect(heap?.sampleTypes.at(-1)).toBe(HEAP)
  })
})

/** As a scraper does, while somebody uses the app. */
async function pullFrom(base: string): Promise<[Buffer, Buffer]> {
  const get = async (path: string) => {
    const response = await fetch(base + path)
    expect(response.status).toBe(200)
    return Buffer.from(await response.arrayBuffer())
  }
  let done = false
  const used = (async () => {
    while (!done) await get('/')
  })()
  const heap = await get('/debug/pprof/heap')
  const cpu = await get('/debug/pprof/profile?seconds=1')
  done = true
  await used
  return [cpu, heap]
}
