import * as v8 from 'node:v8'
import { describe, expect, it } from 'vitest'
import {
  type DecodedProfile,
  decodeDirectory,
  decodeProfile,
  samplesOf,
  total,
} from '../decoded-profile.ts'
import { runCode, temporaryDirectory, withoutLongPauses } from '../program.ts'

/** Each makes `base` of an app that answers `/` itself and has the handlers mounted. */
const APPS = {
  'node:http': `const handler = pullHandler()
    const server = http.createServer((request, response) =>
      request.url === '/' ? response.end('app') : handler(request, response))
    server.listen(0, '127.0.0.1')`,
  Express: `const { default: express } = await import('express')
    const app = express()
    app.use(expressMiddleware())
    app.get('/', (request, response) => response.send('app'))
    const server = app.listen(0, '127.0.0.1')`,
  Fastify: `const { default: fastify } = await import('fastify')
    const app = fastify()
    app.register(fastifyMiddleware())
    app.get('/', async () => 'app')
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { server } = app`,
}

/** Runs `code` beside an app, with what the program prints as JSON. */
async function run(code: string, app: keyof typeof APPS = 'node:http', env = {}) {
  const source = `import http from 'node:http'
    import { once } from 'node:events'
    import { setTimeout as sleep } from 'node:timers/promises'
    import * as spanprof from 'spanprof'
    const { expressMiddleware, fastifyMiddleware, pullHandler, startProfiler, withLabels } = spanprof
    const { cpuBurner } = await import('./test/programs/burn.mjs')
    const outputDir = process.env.OUTPUT_DIR
    const print = (value) => console.log(JSON.stringify(value))
    ${APPS[app]}
    if (!server.listening) await once(server, 'listening')
    const base = 'http://127.0.0.1:' + server.address().port
    const pull = async (path) => {
      const response = await fetch(base + '/debug/pprof/' + path)
      const bytes = Buffer.from(await response.arrayBuffer())
      const headers = Object.fromEntries(response.headers)
      return response.ok
        ? { status: 200, headers, bytes: bytes.toString('base64') }
        : { status: response.status, headers, text: bytes.toString() }
    }
    const status = async (path, options) => (await fetch(base + path, options)).status
    let working = true
    const work = async (label) => {
      const burn = cpuBurner('burn' + label)
      while (working) {
        await withLabels({ label }, async () => { await null; burn(3) })
        await sleep(1)
      }
    }
    ${code}
    server.closeAllConnections()
    server.close()`
  const directory = temporaryDirectory()
  const { stdout, stderr, ...ended } = await runCode(source, {
    env: { OUTPUT_DIR: directory, ...env },
  })
  const all = { ...ended, stderr: withoutLongPauses(stderr) }
  expect(all).toEqual({ code: 0, signal: null, stderr: '' })
  const printed = stdout.trim().split('\n').filter(Boolean)
  return { printed: printed.map((line) => JSON.parse(line)), directory }
}

function decoded({ bytes }: { bytes: string }): DecodedProfile {
  return decodeProfile(Buffer.from(bytes, 'base64'))
}

const apps = Object.keys(APPS) as (keyof typeof APPS)[]

describe.concurrent.each(apps)('an app with %s', (app) => {
  it('answers labelled CPU and wall profiles', async () => {
    const { printed } = await run(
      `const done = work('a')
      print(await Promise.all([pull('profile?seconds=0.5'), pull('wall?seconds=0.5')]))
      working = false
      await done`,
      app,
    )
    const [cpu, wall] = printed[0].map(decoded) as [DecodedProfile, DecodedProfile]
    expect(cpu.sampleTypes).toEqual(['samples/count', 'cpu/nanoseconds'])
    expect(wall.sampleTypes).toEqual(['samples/count', 'wall/nanoseconds'])
    const labelled = cpu.samples.filter(({ labels }) => labels.label === 'a')
    expect(total(labelled, 'cpuNanos')).toBeGreaterThan(0.5 * total(cpu.samples, 'cpuNanos'))
    expect(wall.samples.some(({ stack }) => stack.includes('(idle)'))).toBe(true)
    // Timers of Node.js count whole milliseconds, and may be one early.
    expect(wall.durationNanos).toBeGreaterThan(499e6)
    // With their place, as a Pyroscope groups by name alone.
    for (const { name, file, startLine } of cpu.samples.flatMap(({ locations }) => locations)) {
      if (file !== '') expect(name).toMatch(new RegExp(`^(\\./|node:).+:${startLine || 1}$`))
    }
  })

  it('says what its answers are, and that they are not to be kept', async () => {
    const { printed } = await run(`print(await pull('wall?seconds=0.01'))`, app, {
      OTEL_SERVICE_NAME: '@acme/cart',
    })
    expect(printed[0].headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': expect.stringMatching(
        /^attachment; filename="acme-cart-wall-\d{8}T\d{9}Z-\d+\.pb\.gz"$/,
      ),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
  })

  it('answers heap profiles, of what has been allocated since the first', async () => {
    const { printed } = await run(
      `print(await pull('heap'))
      const kept = Array.from({ length: 200_000 }, (_, i) => ({ i }))
      const later = await pull('heap?gc=1')
      print(later)
      print([later.headers.age, kept.length])`,
      app,
    )
    const [first, later] = printed.slice(0, 2).map(decoded) as [DecodedProfile, DecodedProfile]
    expect(first.sampleTypes).toEqual(['inuse_objects/count', 'inuse_space/bytes'])
    expect(later.sampleTypes).toEqual(first.sampleTypes)
    const bytes = ({ samples }: DecodedProfile) => total(samples, 'cpuNanos')
    expect(bytes(later)).toBeGreaterThan(bytes(first) + 1e6)
    expect(printed[2]).toEqual(['0', 200_000])
  })

  it('refuses seconds that cannot be, in a sentence', async () => {
    const bad = ['x', '', '-1', '0', '0.001', '3600.1', '1e3', 'NaN', '%20']
    const { printed } = await run(
      `for (const bad of ${JSON.stringify(bad)}) print(await pull('profile?seconds=' + bad))`,
      app,
    )
    expect(printed.map(({ status }) => status)).toEqual(bad.map(() => 400))
    const rule = 'seconds must be a number from 0.01 to 3600, received'
    expect(printed.map(({ text }) => text)).toEqual(
      bad.map((text) => `${rule} ${JSON.stringify(decodeURIComponent(text))}\n`),
    )
  })

  it('lets all else through, and other methods not', async () => {
    const { printed } = await run(
      `print(await Promise.all([
        status('/'),
        status('/debug/pprof/'),
        status('/debug/pprof/goroutine'),
        status('/nothing'),
        status('/debug/pprof/profile', { method: 'POST' }),
        status('/debug/pprof/heap', { method: 'DELETE' }),
        status('/debug/pprof/wall', { method: 'HEAD' }),
      ]))
      print((await fetch(base + '/debug/pprof/heap', { method: 'PUT' })).headers.get('allow'))`,
      app,
    )
    expect(printed).toEqual([[200, 404, 404, 404, 405, 405, 405], 'GET'])
  })

  it('has room again when clients have left', async () => {
    const { printed } = await run(
      `const get = (seconds) => new Promise((resolve, reject) => {
        const request = http.get(base + '/debug/pprof/wall?seconds=' + seconds, { agent: false }, resolve)
        request.on('error', reject)
        requests.push(request)
      })
      const requests = []
      const busy = Array.from({ length: 65 }, () => get(600))
      const refused = await Promise.any(busy) // At once, the one that is too many.
      print([refused.statusCode, String(Buffer.concat(await refused.toArray()))])
      for (const request of requests) request.destroy()
      await Promise.allSettled(busy)
      while ((await status('/debug/pprof/wall?seconds=0.01')) !== 200);`,
      app,
    )
    expect(printed).toEqual([[503, expect.stringMatching(/^too many profiles at once: 64/)]])
  })
})

describe('a pull beside a running profiler', () => {
  it('leaves its profile whole, also twenty at once', async () => {
    const { printed, directory } = await run(`
      const { threadCpuNanos } = await import('./test/programs/burn.mjs')
      const profiler = await startProfiler({ outputDir, flushIntervalMs: 400 })
      const before = threadCpuNanos()
      const done = work('a')
      const pulled = await Promise.all(Array.from({ length: 20 }, () => pull('profile?seconds=1')))
      working = false
      await done
      const burnt = threadCpuNanos() - before
      await profiler.stop()
      print({ burnt, pulled, ...profiler.stats() })`)
    const [{ burnt, pulled, samples, cpuNanos, profilesDropped }] = printed
    const continuous = samplesOf(decodeDirectory(directory))
    expect(profilesDropped).toBe(0)
    // The sampler thread samples some milliseconds before the first profile is begun.
    expect(total(continuous, 'count')).toBeLessThanOrEqual(samples)
    expect(total(continuous, 'count')).toBeGreaterThan(0.95 * samples)
    expect(total(continuous, 'cpuNanos')).toBeLessThanOrEqual(cpuNanos + 1000)
    expect(total(continuous, 'cpuNanos')).toBeGreaterThan(0.95 * burnt)
    const profiles = (pulled as { bytes: string }[]).map(decoded)
    expect(profiles).toHaveLength(20)
    for (const { samples, durationNanos } of profiles) {
      // Timers of Node.js count whole milliseconds, and may be one early.
      expect(durationNanos).toBeGreaterThan(0.998e9)
      const labelled = samples.filter(({ labels }) => labels.label === 'a')
      expect(total(labelled, 'count')).toBeGreaterThan(0.5 * total(samples, 'count'))
    }
  })

  it('is of the interval that the profiler samples at, whatever init says', async () => {
    const { printed } = await run(`
      spanprof.init({ wall: { samplingIntervalMicros: 20_000 } })
      print(await pull('wall?seconds=0.1'))
      const profiler = await startProfiler({ outputDir, samplingIntervalMicros: 5000 })
      print(await pull('wall?seconds=0.1'))
      print((await pull('heap')).status)
      await profiler.stop()`)
    expect(printed.slice(0, 2).map((answer) => decoded(answer).period)).toEqual([
      20_000_000, 5_000_000,
    ])
    expect(printed[2]).toBe(200)
  })
})

describe('a handler', () => {
  it('notices a client that has left before anything was loaded', async () => {
    const { printed } = await run(`
      const { ServerResponse } = http
      const gone = (request) => {
        const response = new ServerResponse(request)
        handler(request, response)
        response.destroy()
      }
      for (let i = 0; i < 64; i++) gone({ method: 'GET', url: '/debug/pprof/wall?seconds=600' })
      while ((await status('/debug/pprof/wall?seconds=0.01')) !== 200);
      print('room')`)
    expect(printed).toEqual(['room'])
  })

  it('lets others through once, and what they throw too', async () => {
    const { printed } = await run(`
      const passed = []
      const next = (...args) => { passed.push(args); throw new Error('on purpose') }
      for (const url of ['/', '/debug/pprof/other', undefined]) {
        try { expressMiddleware()({ url }, {}, next) } catch ({ message }) { print(message) }
      }
      print(passed)`)
    expect(printed).toEqual(['on purpose', 'on purpose', 'on purpose', [[], [], []]])
  })
})

describe('sampling for pulls', () => {
  it('says once that a first one is empty where a reading would be a collection', async () => {
    const { printed } = await run(`
      spanprof.setLogger({ warn() {}, info: (message) => print(message) })
      const workers = []
      process.on('worker', (worker) => workers.push(worker))
      const profiler = () => startProfiler({ outputDir, samplingIntervalMicros: 5000 })
      await pull('heap')
      // Ends the sampling for pulls, as the last one being long ago does.
      await (await profiler()).stop()
      await pull('heap')
      print(workers.length > 1)`)
    const told = printed.filter((line) => /first pull/.test(line))
    expect(told).toHaveLength('startHeapProfile' in v8 ? 0 : 1)
    expect(printed.at(-1)).toBe(true)
  })

  it('goes on for the next one, and gives way to a profiler of another interval', async () => {
    const { printed } = await run(`
      const workers = []
      process.on('worker', (worker) => workers.push(worker))
      await pull('wall?seconds=0.01')
      await pull('wall?seconds=0.01')
      print(workers.length)
      const ended = once(workers[0], 'exit')
      const profiler = await startProfiler({ outputDir, samplingIntervalMicros: 5000 })
      await ended
      print(workers.length)
      await profiler.stop()`)
    expect(printed).toEqual([1, 2])
  })

  it('cannot be where somebody else has V8’s sampler, and says so', async () => {
    const { printed } = await run(`
      const { default: inspector } = await import('node:inspector')
      const session = new inspector.Session()
      session.connect()
      session.post('HeapProfiler.startSampling')
      spanprof.setLogger({ warn: (message) => print(message), info() {} })
      const refused = await pull('heap')
      print([refused.status, refused.text])
      session.disconnect()`)
    expect(printed.at(-1)).toEqual([
      500,
      'the profile could not be taken: something else is already sampling the heap\n',
    ])
    expect(printed).toHaveLength(3) // A warning from the sampler thread, and one for the pull.
  })
})
