import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Profile } from '../../../src/export/profile.ts'
import {
  type Fault,
  type IngestServer,
  late,
  never,
  raw,
  reset,
  startIngestServer,
  status,
} from '../../ingest-server.ts'
import { fold, record, windowOf } from '../windows.ts'
import { pushTo, skewed } from './push.ts'
import { LONG_MILLIS, timersOf } from './timers.ts'

const profile = fold(windowOf([{ stack: 'main;work', labels: ['tenant', 'acme'] }]))

afterEach(() => vi.restoreAllMocks())

describe('a profile that is pushed', () => {
  it('arrives as what it is', async () => {
    const server = await startIngestServer()
    const { sink, counts, lines, flush } = await pushTo(server.address)
    await sink.write({ ...profile, appName: '@acme/cart', tags: ['region', 'eu'] })
    await flush()
    expect(server.profiles).toEqual([
      expect.objectContaining({
        app: 'acme/cart',
        tags: { region: 'eu' },
        spyName: 'nodespy',
        sampleRate: 100,
        sampleTypes: ['samples/count', 'cpu/nanoseconds'],
        periodType: 'cpu/nanoseconds',
      }),
    ])
    const [{ fromMillis, untilMillis, timeNanos, samples }] = server.profiles as never as [
      (typeof server.profiles)[0],
    ]
    expect(untilMillis - fromMillis).toBe(1000)
    expect(Math.round(Number(timeNanos) / 1e6)).toBe(fromMillis)
    expect(samples).toEqual([
      expect.objectContaining({
        stack: ['./cart.js:work:4', './cart.js:main:4'],
        labels: { tenant: 'acme' },
        values: { samples: 1, cpu: 10e6 },
      }),
    ])
    expect(counts()).toEqual({ written: 1, uploads: 1, uploadBytes: expect.any(Number) })
    expect(lines).toEqual([])
  })

  it('is one upload for each type', async () => {
    const server = await startIngestServer()
    const { sink, flush } = await pushTo(server.address)
    await sink.write(profile)
    await sink.write(record('wall', [windowOf([{ stack: 'main', idle: true }])]))
    await flush()
    // Both are sent at once, so either may be the first.
    const types = server.profiles.map(({ sampleTypes }) => sampleTypes[1])
    expect(types.toSorted()).toEqual(['cpu/nanoseconds', 'wall/nanoseconds'])
  })

  it('says how often a second it was sampled', async () => {
    const server = await startIngestServer()
    const { sink, flush } = await pushTo(server.address)
    await sink.write({ ...profile, period: 1_000_000 })
    await flush()
    expect(server.profiles[0]?.sampleRate).toBe(1000)
  })

  it.each([
    [{ authToken: 't0ken' }, { authorization: 'Bearer t0ken' }],
    [
      { basicAuthUser: 'ann', basicAuthPassword: 'pass' },
      { authorization: `Basic ${btoa('ann:pass')}` },
    ],
    [{ authToken: 't0ken', basicAuthUser: 'ann' }, { authorization: 'Bearer t0ken' }],
    [{ tenantId: 'acme' }, { 'x-scope-orgid': 'acme' }],
    [{ httpHeaders: { 'X-One': '1' } }, { 'x-one': '1' }],
    [
      { tenantId: 'acme', httpHeaders: { 'X-Scope-OrgID': 'globex' } },
      { 'x-scope-orgid': 'globex' },
    ],
  ])('has with %j the headers %j', async (options, headers) => {
    const server = await startIngestServer()
    const { sink, flush } = await pushTo(server.address, options)
    await sink.write(profile)
    await flush()
    expect(server.requests[0]?.headers).toMatchObject(headers)
    expect(server.profiles).toHaveLength(1)
  })

  it('uses the credentials in the address, which say what the server lets in', async () => {
    const server = await startIngestServer({ authorization: `Basic ${btoa('ann:p@ss%')}` })
    const { sink, flush } = await pushTo(server.address.replace('//', '//ann:p%40ss%25@'))
    await sink.write(profile)
    await flush()
    expect(server.profiles).toHaveLength(1)
  })

  it.each(['/', '/a/b', '/a/b/'])('goes below the path %s of the address', async (path) => {
    const server = await startIngestServer()
    const { sink, flush } = await pushTo(server.address + path)
    await sink.write(profile)
    await flush()
    expect(server.requests[0]?.path).toBe(`${path.replace(/\/$/, '')}/ingest`)
  })
})

describe('a server that has a bad day', () => {
  async function expectTakenAtThirdTry(server: IngestServer, faults: readonly Fault[]) {
    server.faults.push(...faults)
    const options = { uploadTimeoutMs: LONG_MILLIS }
    const { sink, counts, lines, flush } = await pushTo(server.address, options)
    await sink.write(profile)
    await flush()
    expect(server.requests).toHaveLength(3)
    expect(server.profiles).toHaveLength(1)
    expect(counts()).toMatchObject({ uploads: 1, uploadRetries: 2 })
    expect(counts()).not.toHaveProperty('dropped')
    expect(lines).toEqual([
      expect.stringContaining(`warn: cannot upload profiles to ${server.address}`),
    ])
  }

  it.each([
    ['resets the connection', reset],
    ['sends half a response', raw('HTTP/1.1 200 O')],
    ['sends what is no HTTP', raw('SSH-2.0-OpenSSH_9.6\r\n')],
    ['has its storage down', status(422, '{"code":"invalid_argument","message":"no"}')],
    ['is overloaded', status(429)],
    ['has lost its patience', status(408)],
    ['is down behind its proxy', status(503)],
  ])('and %s gets the profile at the next try', async (_, fault) => {
    const server = await startIngestServer()
    await expectTakenAtThirdTry(server, [fault, fault])
  })

  it('and never answers gets the profile at the next try', async () => {
    const server = await startIngestServer()
    const timeouts = timersOf(LONG_MILLIS)
    const unanswered = () => timeouts.run()
    await expectTakenAtThirdTry(server, [unanswered, unanswered])
  })

  it('and answers late, yet in time, gets it once', async () => {
    const server = await startIngestServer()
    server.faults.push(late(300))
    const { sink, counts, flush } = await pushTo(server.address)
    await sink.write(profile)
    await flush()
    expect(server.profiles).toHaveLength(1)
    expect(counts()).toEqual({ written: 1, uploads: 1, uploadBytes: expect.any(Number) })
  })

  it('and answers too late gets it again, as nobody knows that it has it', async () => {
    const server = await startIngestServer()
    const timeouts = timersOf(LONG_MILLIS)
    server.faults.push((exchange) => {
      late(20)(exchange)
      timeouts.run()
    })
    const options = { uploadTimeoutMs: LONG_MILLIS }
    const { sink, counts, flush } = await pushTo(server.address, options)
    await sink.write(profile)
    await flush()
    expect(server.profiles).toHaveLength(2)
    expect(counts()).toMatchObject({ uploads: 1, uploadRetries: 1 })
  })

  it('and cuts off what it says to a 200 has the profile', async () => {
    const server = await startIngestServer()
    server.faults.push(raw('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'))
    const { sink, counts, flush } = await pushTo(server.address)
    await sink.write(profile)
    await flush()
    expect(server.requests).toHaveLength(1)
    expect(counts()).toMatchObject({ uploads: 1 })
  })

  it.each([400, 401, 403, 404, 413])('and refuses with %i is not asked again', async (code) => {
    const server = await startIngestServer()
    server.faults.push(status(code, '{"code":"x","message":"not this one"}'))
    const { sink, counts, lines, flush } = await pushTo(server.address)
    await sink.write(profile)
    await sink.write(profile)
    await flush()
    expect(server.requests).toHaveLength(2)
    expect(counts()).toMatchObject({ dropped: 1, droppedRefused: 1, uploads: 1 })
    expect(lines).toEqual([expect.stringMatching(`HTTP ${code}: not this one$`)])
  })

  it('and sends 10 MB of error text is not listened to', async () => {
    const server = await startIngestServer()
    let sentBytes = 0
    const closed = new Promise<void>((resolve) => {
      server.faults.push(({ response }) => {
        const noise = Buffer.alloc(100_000, 'noise\n')
        const send = () => {
          while (sentBytes < 10_000_000 && !response.destroyed) {
            sentBytes += noise.length
            if (!response.write(noise)) return
          }
        }
        response.on('close', resolve).on('drain', send).writeHead(500)
        send()
      })
    })
    const { sink, lines, counts, flush } = await pushTo(server.address)
    await sink.write(profile)
    await flush()
    await closed
    expect(sentBytes).toBeLessThan(10_000_000)
    expect(lines).toHaveLength(1)
    expect(lines[0]?.length).toBeLessThan(500)
    expect(counts()).toMatchObject({ uploads: 1, uploadRetries: 1 })
  })

  it('for an hour is told of once, and once when it is over', async () => {
    const pass = skewed(performance)
    const server = await startIngestServer()
    server.fault = status(401, 'who are you?')
    const { sink, lines, counts, flush } = await pushTo(server.address)
    for (let i = 0; i < 240; i++) {
      await sink.write(profile)
      await flush()
      pass(15_000)
    }
    expect(counts()).toEqual({ dropped: 240, droppedRefused: 240 })
    expect(lines).toEqual([expect.stringMatching('warn: .*HTTP 401: who are you?')])
    server.fault = undefined
    for (let i = 0; i < 8; i++) {
      await sink.write(profile)
      await flush()
      pass(15_000)
    }
    expect(lines.slice(1)).toEqual([
      `info: uploads to ${server.address} work again after 240 failures; profiles lost: 240`,
    ])
    expect(counts()).toMatchObject({ uploads: 8 })
  })

  it('and refuses one profile time and again takes those behind it', async () => {
    const server = await startIngestServer()
    server.fault = ({ request, response, take }) => {
      const poisoned = request.url?.includes('poison')
      const answer = poisoned ? { status: 422, body: 'never this one' } : take()
      response.writeHead(answer.status).end(answer.body)
    }
    const pass = skewed(performance)
    const { sink, counts, flush } = await pushTo(server.address)
    await sink.write({ ...profile, appName: 'poison' })
    for (let i = 0; i < 5; i++) await sink.write(profile)
    await server.stored(5)
    expect(counts()).not.toHaveProperty('dropped')
    pass(300_001)
    await flush()
    expect(counts()).toMatchObject({ uploads: 5, dropped: 1, droppedDeadline: 1 })
  })

  it('and says when to come again is not asked before', async () => {
    const server = await startIngestServer()
    server.faults.push(status(429, '', { 'retry-after': '1' }))
    const { sink } = await pushTo(server.address)
    await sink.write(profile)
    const [first, second] = await server.requested(2)
    expect((second?.atMillis ?? 0) - (first?.atMillis ?? 0)).toBeGreaterThan(950)
  })

  it('and redirects to a place of its own is followed', async () => {
    const server = await startIngestServer()
    server.faults.push(status(308, '', { location: '/elsewhere/ingest?name=shop' }))
    const { sink, counts, flush } = await pushTo(server.address, { authToken: 't0ken' })
    await sink.write(profile)
    await flush()
    expect(server.requests.map(({ path }) => path)).toEqual(['/ingest', '/elsewhere/ingest'])
    expect(server.requests[1]?.headers.authorization).toBe('Bearer t0ken')
    expect(server.profiles).toHaveLength(1)
    expect(counts()).toMatchObject({ uploads: 1 })
  })

  it('and redirects in a circle is left', async () => {
    const server = await startIngestServer()
    server.fault = status(307, '', { location: '/ingest' })
    const { sink, counts, flush } = await pushTo(server.address)
    await sink.write(profile)
    await flush()
    expect(server.requests).toHaveLength(4)
    expect(counts()).toEqual({ dropped: 1, droppedRefused: 1 })
  })

  it('and redirects to another is not followed, and the other hears nothing', async () => {
    const other = await startIngestServer()
    const server = await startIngestServer()
    server.fault = status(302, '', { location: `${other.address}/ingest` })
    const { sink, counts, lines, flush } = await pushTo(server.address, { authToken: 't0ken' })
    await sink.write(profile)
    await flush()
    expect(other.requests).toEqual([])
    expect(counts()).toEqual({ dropped: 1, droppedRefused: 1 })
    expect(lines).toEqual([expect.stringContaining(`redirects to ${other.address}`)])
  })

  it('and has no name any more costs the profile when its deadline has passed', async () => {
    // No DNS has so long a name, so that none is asked, which might take longer than a try.
    const name = `nowhere.${'x'.repeat(64)}`
    const { sink, counts, lines, flush } = await pushTo(`http://${name}`, { uploadDeadlineMs: 0 })
    await sink.write(profile)
    await flush()
    expect(counts()).toEqual({ dropped: 1, droppedDeadline: 1 })
    expect(lines).toEqual([expect.stringMatching(/to http:\/\/nowhere\.x+: .*nowhere/)])
  })

  it('and comes back takes what waited meanwhile', async () => {
    const server = await startIngestServer()
    const { port } = server
    await server.close()
    const { sink, counts, flush } = await pushTo(server.address)
    vi.mocked(Math.random).mockReturnValue(0.01)
    for (let i = 0; i < 10; i++) await sink.write(profile)
    const again = await startIngestServer({ port })
    await flush()
    expect(again.profiles).toHaveLength(10)
    expect(counts()).toMatchObject({ uploads: 10 })
    expect(counts()).not.toHaveProperty('dropped')
  })
})

/** @returns how many requests were open at each of them. */
function neverAnswered(server: IngestServer): number[] {
  const open: number[] = []
  let now = 0
  server.fault = ({ response }) => {
    open.push(++now)
    response.once('close', () => now--)
  }
  return open
}

describe('uploads', () => {
  it('are sent several at once, and one at a time to a server that fails', async () => {
    const server = await startIngestServer()
    const open = neverAnswered(server)
    const timeouts = timersOf(LONG_MILLIS)
    const { sink } = await pushTo(server.address, { uploadTimeoutMs: LONG_MILLIS })
    for (let i = 0; i < 6; i++) await sink.write(profile)
    await server.requested(4)
    for (let count = 5; count <= 8; count++) {
      timeouts.run()
      await server.requested(count)
      expect(timeouts.count).toBe(count) // No other try has begun beside it.
    }
    expect(open).toEqual([1, 2, 3, 4, 1, 1, 1, 1])
    await sink.close(AbortSignal.abort())
  })

  it('go alone where they are large', async () => {
    const server = await startIngestServer()
    const open = neverAnswered(server)
    const tries = timersOf(LONG_MILLIS)
    const { sink } = await pushTo(server.address, { uploadTimeoutMs: LONG_MILLIS })
    const text = Array.from({ length: 9000 }, (_, i) => `${Math.sin(i)}${Math.cos(i)}`)
    const large = fold(windowOf(text.map((at) => ({ stack: `main;f${at}` }))))
    for (let i = 0; i < 3; i++) await sink.write(large)
    await server.requested(1)
    expect(open).toEqual([1]) // Those behind it have been there for long.
    expect(tries.count).toBe(1)
    await sink.close(AbortSignal.abort())
  })

  it('wait as long as the server says, also for one that comes later', async () => {
    const server = await startIngestServer()
    server.faults.push(status(429, '', { 'retry-after': '300' }))
    const pauses = timersOf(300_000)
    const { sink, counts } = await pushTo(server.address, { uploadDeadlineMs: 0 })
    await sink.write(profile)
    await pauses.set(1)
    expect(counts()).toMatchObject({ droppedDeadline: 1 })
    await sink.write(profile)
    await sink.close(AbortSignal.abort())
    expect(server.requests).toHaveLength(1)
    expect(counts()).toMatchObject({ droppedAtEnd: 1 })
  })
})

describe('what waits', () => {
  it('is bounded, and the oldest goes first', async () => {
    const server = await startIngestServer()
    server.fault = never
    const timeouts = timersOf(LONG_MILLIS)
    const { sink, counts, flush } = await pushTo(server.address, {
      maxQueueBytes: 131_072,
      uploadTimeoutMs: LONG_MILLIS,
    })
    const large = (number: number): Profile => {
      const text = Array.from({ length: 1500 }, (_, i) => `${number}${Math.sin(i * number)}`)
      const given = text.map((at) => ({ stack: `main;f${at}` }))
      return { ...fold(windowOf(given)), appName: `app${number}` }
    }
    // As many as are sent at once; these do not wait.
    for (let i = 1; i <= 4; i++) await sink.write(large(i))
    await server.requested(4)
    for (let i = 5; i <= 12; i++) await sink.write(large(i))
    server.fault = undefined
    timeouts.run()
    await flush()
    const apps = server.profiles.map(({ app }) => app)
    const waited = apps.map((app) => Number(app.slice('app'.length))).filter((i) => i > 4)
    const newest = Array.from({ length: waited.length }, (_, i) => 12 - i)
    expect(waited.toSorted((a, b) => b - a)).toEqual(newest)
    expect(waited.length).toBeGreaterThan(1)
    expect(counts()).toMatchObject({ uploads: apps.length, droppedQueueFull: 12 - apps.length })
  })

  it('is dropped and counted when the time for the end is up', async () => {
    const server = await startIngestServer()
    server.fault = never
    const { sink, counts, lines } = await pushTo(server.address)
    for (let i = 0; i < 3; i++) await sink.write(profile)
    await server.requested(1)
    await sink.close(AbortSignal.timeout(50))
    expect(counts()).toEqual({ dropped: 3, droppedAtEnd: 3 })
    expect(lines).toEqual([expect.stringMatching(/^warn: profiles lost because .* in time: 3$/)])
  })

  it('is not waited for longer than a flush may take', async () => {
    const server = await startIngestServer()
    server.faults.push(never)
    const timeouts = timersOf(LONG_MILLIS)
    const options = { uploadTimeoutMs: LONG_MILLIS }
    const { sink, counts, flush } = await pushTo(server.address, options)
    await sink.write(profile)
    await server.requested(1)
    await sink.flush(AbortSignal.timeout(50))
    expect(counts()).toEqual({ uploadsWaiting: 1 })
    timeouts.run()
    await flush()
    expect(counts()).toMatchObject({ uploads: 1 })
  })

  it('is tried at once when it is flushed, whatever the pause', async () => {
    const server = await startIngestServer()
    server.faults.push(status(503, '', { 'retry-after': '3600' }))
    const { sink, counts, lines, flush } = await pushTo(server.address)
    await sink.write(profile)
    await server.requested(1)
    while (lines.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await flush()
    expect(counts()).toMatchObject({ uploads: 1 })
  })

  it('is dropped when it has grown too old for the server', async () => {
    const pass = skewed(performance)
    const server = await startIngestServer()
    server.faults.push(status(503, '', { 'retry-after': '3600' }))
    const { sink, counts, lines, flush } = await pushTo(server.address, {
      uploadDeadlineMs: 3_600_000,
    })
    await sink.write(profile)
    await server.requested(1)
    while (lines.length === 0) await new Promise((resolve) => setImmediate(resolve))
    pass(59 * 60_000)
    await flush()
    expect(server.requests).toHaveLength(1)
    expect(counts()).toEqual({ dropped: 1, droppedTooOld: 1 })
  })
})

describe('a clock', () => {
  const endingNow = () => ({
    ...profile,
    startTimeMillis: Date.now() - profile.durationNanos / 1e6,
  })

  it.each([
    ['that was hours ahead is set back', -3],
    ['that was hours behind is set forward', 3],
    ['that began in 1970 is set', 24 * 365 * 50],
  ])('%s, and the profile of that time arrives', async (_, hours) => {
    const server = await startIngestServer()
    const { sink, counts, flush } = await pushTo(server.address)
    const startTimeMillis = endingNow().startTimeMillis - hours * 3_600_000
    await sink.write({ ...profile, startTimeMillis })
    await flush()
    expect(counts()).toMatchObject({ uploads: 1 })
    expect(Math.abs((server.profiles[0]?.fromMillis ?? 0) - Date.now())).toBeLessThan(600_000)
  })

  it('that steps back and forth while profiles wait makes none of them too old', async () => {
    const step = skewed(Date)
    const server = await startIngestServer()
    server.fault = status(503, '', { 'retry-after': '60' })
    const pauses = timersOf(60_000)
    const { sink, counts, flush } = await pushTo(server.address)
    await sink.write(endingNow())
    await pauses.set(1)
    await sink.write(endingNow())
    step(-7_200_000)
    const timeUp = new AbortController()
    const flushed = sink.flush(timeUp.signal)
    await pauses.set(2) // A try of the flush has failed. One on its way would begin a pause later.
    timeUp.abort()
    await flushed
    step(14_400_000)
    server.fault = undefined
    await flush()
    expect(counts()).toMatchObject({ uploads: 2 })
    expect(counts()).not.toHaveProperty('dropped')
  })
})
