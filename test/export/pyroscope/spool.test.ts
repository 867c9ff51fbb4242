import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Profile } from '../../../src/export/profile.ts'
import { PushReport } from '../../../src/export/pyroscope/push-report.ts'
import { Spool } from '../../../src/export/pyroscope/spool.ts'
import { newOwner } from '../../../src/export/pyroscope/spool-owner.ts'
import type { ServerOptions } from '../../../src/options/server-options.ts'
import { type IngestServer, never, startIngestServer, status } from '../../ingest-server.ts'
import { temporaryDirectory } from '../../program.ts'
import { canMount, mountSmallDisk } from '../../small-disk.ts'
import { fold, windowOf } from '../windows.ts'
import { pushTo, skewed } from './push.ts'
import { asProcess, gone, running } from './spools.ts'
import { LONG_MILLIS, timersOf } from './timers.ts'

const profile = fold(windowOf([{ stack: 'main;work' }]))
const named = (appName: string): Profile => ({ ...profile, appName })
const endingNow = () => ({ ...profile, startTimeMillis: Date.now() - 1000 })
const DOWN = 'http://127.0.0.1:1'
/** Of a server that is not to be asked again for so long. */
const BUSY_MILLIS = 300_000
const BUSY = status(503, '', { 'retry-after': String(BUSY_MILLIS / 1000) })

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** Leaves profiles behind, as a process does that ends while its server is down. */
async function leave(spoolDir: string, apps: string[], options: ServerOptions = {}) {
  const server = await startIngestServer()
  server.fault = BUSY
  const pauses = timersOf(BUSY_MILLIS)
  const { sink, counts } = await pushTo(server.address, { spoolDir, ...options })
  for (const app of apps) {
    const { startTimeMillis } = endingNow()
    await sink.write({ ...named(app), startTimeMillis })
    await pauses.set(1) // There will be no other request.
    while (endingNow().startTimeMillis === startTimeMillis) await setImmediate()
  }
  await sink.close(AbortSignal.abort())
  server.fault = undefined
  return { server, counts }
}

/** Leaves one at a server that others use as well. */
async function leaveOne(
  spoolDir: string,
  server: IngestServer,
  app: string,
  options: ServerOptions = {},
) {
  server.fault = status(503)
  const { sink } = await pushTo(server.address, { spoolDir, ...options })
  await sink.write({ ...named(app), startTimeMillis: Date.now() - 1000 })
  await sink.close(AbortSignal.abort())
  server.fault = undefined
}

/** The profiles that a process finds and sends which starts now. */
async function restart(spoolDir: string, address: string, options: ServerOptions = {}) {
  const { flush, ...pushed } = await pushTo(address, { spoolDir, ...options })
  const scanned = async () => {
    while (files(spoolDir).some((name) => name.endsWith('.profile'))) {
      await sleep(5)
    }
    await flush()
  }
  return { ...pushed, scanned, flush }
}

const files = (directory: string) => readdirSync(directory).sort()
const appsOf = (profiles: readonly { app: string }[]) => profiles.map(({ app }) => app)

describe('a spool', () => {
  it('holds what the server has not got, for its owner alone to read', async () => {
    const spoolDir = join(temporaryDirectory(), 'spool')
    const { counts } = await leave(spoolDir, ['one', 'two'])
    expect(files(spoolDir)).toHaveLength(2)
    expect(statSync(spoolDir).mode & 0o777).toBe(0o700)
    for (const name of files(spoolDir)) {
      expect(statSync(join(spoolDir, name)).mode & 0o777).toBe(0o600)
    }
    expect(counts()).toMatchObject({ profilesSpooled: 2 })
  })

  it('is empty when everything has arrived', async () => {
    const spoolDir = temporaryDirectory()
    const server = await startIngestServer()
    const { sink, counts, flush } = await pushTo(server.address, { spoolDir })
    for (const app of ['one', 'two']) await sink.write(named(app))
    await flush()
    expect(appsOf(server.profiles).toSorted()).toEqual(['one', 'two'])
    expect(files(spoolDir)).toEqual([])
    expect(counts()).toMatchObject({ profilesSpooled: 2, uploads: 2 })
  })

  it('is sent by the next process, as it was', async () => {
    const spoolDir = temporaryDirectory()
    const { server } = await leave(spoolDir, ['one', 'two', 'three'], { tenantId: 'acme' })
    const { scanned, counts } = await restart(spoolDir, server.address, { tenantId: 'acme' })
    await scanned()
    expect(new Set(appsOf(server.profiles))).toEqual(new Set(['one', 'two', 'three']))
    expect(server.profiles[0]?.samples[0]?.stack).toEqual(['./cart.js:work:4', './cart.js:main:4'])
    expect(counts()).toMatchObject({ uploads: 3 })
  })

  it('keeps what is left at the end', async () => {
    const spoolDir = temporaryDirectory()
    const { sink, counts } = await pushTo(DOWN, { spoolDir })
    await sink.write(profile)
    await sink.close(AbortSignal.abort())
    expect(files(spoolDir)).toHaveLength(1)
    expect(counts()).toEqual({ profilesSpooled: 1 })
  })

  it('waits longer than a deadline for a server that is down', async () => {
    const pass = skewed(performance)
    const spoolDir = temporaryDirectory()
    const server = await startIngestServer()
    server.fault = status(503)
    const { sink, counts, flush } = await pushTo(server.address, { spoolDir })
    for (let i = 0; i < 40; i++) {
      await sink.write(named(`app${i}`))
      await sink.flush(AbortSignal.timeout(1))
      pass(15_000)
    }
    server.fault = undefined
    await flush()
    expect(new Set(appsOf(server.profiles)).size).toBe(40)
    expect(counts()).toMatchObject({ uploads: 40 })
    expect(counts()).not.toHaveProperty('dropped')
  })

  it('drops what has grown too old for the server', async () => {
    const spoolDir = temporaryDirectory()
    const { server } = await leave(spoolDir, ['old'])
    for (const name of files(spoolDir)) {
      const old = name.replace(/^\d+/, (start) => String(Number(start) - 60 * 60_000))
      renameSync(join(spoolDir, name), join(spoolDir, old))
    }
    const { counts } = await restart(spoolDir, server.address)
    // Not until the file is gone: it is counted after that.
    while (counts().droppedTooOld === undefined) await sleep(5)
    expect(server.profiles).toEqual([])
    expect(files(spoolDir)).toEqual([])
    expect(counts()).toEqual({ dropped: 1, droppedTooOld: 1 })
  })

  it('is bounded, and the oldest goes first', async () => {
    const spoolDir = temporaryDirectory()
    const many = Array.from({ length: 3000 }, (_, i) => ({ stack: `main;f${i * Math.PI}` }))
    const large = fold(windowOf(many))
    const server = await startIngestServer()
    server.fault = BUSY
    const pauses = timersOf(BUSY_MILLIS)
    const { sink, counts } = await pushTo(server.address, { spoolDir, maxSpoolBytes: 262_144 })
    for (let i = 0; i < 8; i++) {
      await sink.write({ ...large, appName: `app${i}` })
      await pauses.set(1) // No file is being sent from here on, so that none changes its name.
    }
    const left = files(spoolDir).map((name) => readFileSync(join(spoolDir, name), 'latin1'))
    const bytes = left.reduce((sum, { length }) => sum + length, 0)
    expect(bytes).toBeLessThanOrEqual(262_144)
    expect(counts()).toMatchObject({
      droppedQueueFull: 8 - left.length,
      uploadsWaiting: left.length,
    })
    const apps = left.map((content) => /"app(\d){}"/.exec(content)?.[1])
    expect(apps.join('')).toBe('01234567'.slice(-left.length))
  })

  it.each([
    ['server', 1, {}],
    ['tenant', 0, { tenantId: 'globex' }],
    ['tenant, named by a header', 0, { httpHeaders: { 'X-Scope-OrgID': 'globex' } }],
    ['user', 0, { basicAuthUser: 'globex' }],
  ])('is not sent to another %s', async (_, index, changes) => {
    const spoolDir = temporaryDirectory()
    const servers = [await startIngestServer(), await startIngestServer()] as const
    const theirOptions = { tenantId: 'acme', basicAuthUser: 'acme', basicAuthPassword: 'secret' }
    await leaveOne(spoolDir, servers[0], 'theirs', theirOptions)
    const theirs = files(spoolDir)
    const options = { ...theirOptions, ...changes }
    await leaveOne(spoolDir, servers[index as 0 | 1], 'ours', options)
    const { address, stored } = servers[index as 0 | 1]
    const { flush } = await restart(spoolDir, address, options)
    await stored(1)
    await flush()
    expect(servers.flatMap(({ profiles }) => appsOf(profiles))).toEqual(['ours'])
    expect(files(spoolDir)).toEqual(theirs)
  })

  it('is looked through each minute, until the end', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const spoolDir = temporaryDirectory()
    const server = await startIngestServer()
    const { sink } = await pushTo(server.address, { spoolDir })
    for (const app of ['one', 'two']) {
      await leaveOne(spoolDir, server, app)
      vi.advanceTimersByTime(60_000)
      await server.stored(app === 'one' ? 1 : 2)
    }
    await sink.close(AbortSignal.abort())
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a file in the spool', () => {
  it.each([
    ['cut off', (content: Buffer) => content.subarray(0, -10)],
    ['empty', () => Buffer.alloc(0)],
    [
      'with another bit',
      (content: Buffer) => content.fill(7, content.length - 20, content.length - 19),
    ],
    ['of something else', () => Buffer.from('{"spanprof":1}\nhello')],
    ['that is no text', () => Buffer.from([0, 255, 10, 0])],
    ['far too large', () => Buffer.alloc(9 * 2 ** 20)],
  ])('that is %s is set aside, and those beside it are sent', async (_, damage) => {
    const spoolDir = temporaryDirectory()
    const { server } = await leave(spoolDir, ['one', 'two'])
    const [first = ''] = files(spoolDir)
    writeFileSync(join(spoolDir, first), damage(readFileSync(join(spoolDir, first))))
    const { scanned, counts, lines } = await restart(spoolDir, server.address)
    await scanned()
    expect(appsOf(server.profiles)).toEqual(['two'])
    expect(counts()).toMatchObject({
      dropped: 1,
      droppedUnfit: 1,
      spoolFilesRejected: 1,
      uploads: 1,
    })
    expect(lines).toEqual([expect.stringContaining('in spoolDir: it is not a valid profile')])
    expect(files(spoolDir)).toEqual([expect.stringMatching(/\.damaged$/)])
  })

  it('that is not ours is left alone, counted, and told of once', async () => {
    const spoolDir = temporaryDirectory()
    for (const name of ['notes.txt', 'core', '1.2.profile'])
      writeFileSync(join(spoolDir, name), 'x')
    mkdirSync(join(spoolDir, 'directory'))
    const server = await startIngestServer()
    const { sink, counts, lines, flush } = await pushTo(server.address, { spoolDir })
    while (counts().spoolFilesRejected !== 4) await sleep(5)
    await sink.write(profile)
    await flush()
    expect(counts()).toMatchObject({ uploads: 1, spoolFilesRejected: 4 })
    expect(lines).toHaveLength(1)
    expect(files(spoolDir)).toEqual(['1.2.profile', 'core', 'directory', 'notes.txt'])
  })

  it('that is not ours is counted once, however often it is seen', async () => {
    const directory = temporaryDirectory()
    for (const name of ['one', 'two']) writeFileSync(join(directory, name), 'x')
    const count = vi.fn()
    const sink = { count, written() {}, dropped() {}, log() {} }
    const report = new PushReport(sink, DOWN)
    const spool = new Spool({ directory, maxBytes: 1e6, destination: DOWN, report })
    for (let i = 0; i < 3; i++) await spool.adopt()
    expect(count.mock.calls).toEqual(Array(2).fill(['spoolFilesRejected', undefined]))
  })

  it('that cannot be read for a while is sent when it can', async () => {
    const spoolDir = join(temporaryDirectory(), 'spool')
    const server = await startIngestServer()
    server.faults.push(BUSY)
    const pauses = timersOf(BUSY_MILLIS)
    const { sink, counts, flush } = await pushTo(server.address, { spoolDir })
    await sink.write(profile)
    await pauses.set(1)
    renameSync(spoolDir, `${spoolDir}.aside`)
    writeFileSync(spoolDir, 'a file stands in the way')
    await sink.flush(AbortSignal.timeout(50))
    expect(counts()).toEqual({ profilesSpooled: 1, uploadsWaiting: 1 })
    rmSync(spoolDir)
    renameSync(`${spoolDir}.aside`, spoolDir)
    await flush()
    expect(counts()).toMatchObject({ uploads: 1 })
    expect(files(spoolDir)).toEqual([])
  })

  it('that a crash left half written goes when nobody can be writing it', async () => {
    const spoolDir = temporaryDirectory()
    const [old, fresh] = ['.1.1.a.h~1~a.1.profile.tmp', '.2.1.a.h~1~a.1.profile.tmp']
    for (const name of [old, fresh]) writeFileSync(join(spoolDir, name as string), 'x')
    const longAgo = new Date(Date.now() - 3_600_000)
    utimesSync(join(spoolDir, old as string), longAgo, longAgo)
    await pushTo(DOWN, { spoolDir })
    while (files(spoolDir).length === 2) await sleep(5)
    expect(files(spoolDir)).toEqual([fresh])
  })
})

describe('a spool that several processes share', () => {
  /** A file of another process; its owner is in its name. */
  async function fileOf(host: string, pid: number, touchedMillis: number) {
    const spoolDir = temporaryDirectory()
    const { server } = await leave(spoolDir, ['theirs'])
    const [name = ''] = files(spoolDir)
    const theirs = name.replace(/\.[\w-]+~\d+~/, `.${host}~${pid}~`)
    renameSync(join(spoolDir, name), join(spoolDir, theirs))
    utimesSync(join(spoolDir, theirs), new Date(touchedMillis), new Date(touchedMillis))
    return { spoolDir, server, theirs }
  }
  const here = newOwner().host
  const longAgo = () => Date.now() - 4 * 60_000

  it.each([
    ['on this host that runs', here, () => running(), Date.now],
    ['of another host that has touched it', 'elsewhere', () => 1, Date.now],
  ])('leaves a file to a process %s', async (_, host, pid, touched) => {
    const { spoolDir, server, theirs } = await fileOf(host, pid(), touched())
    await leaveOne(spoolDir, server, 'ours')
    const { flush } = await restart(spoolDir, server.address)
    await server.stored(1)
    await flush()
    expect(appsOf(server.profiles)).toEqual(['ours'])
    expect(files(spoolDir)).toEqual([theirs])
  })

  it.each([
    ['on this host that is gone', here, () => gone(), Date.now],
    ['on this host whose id another has', here, () => running(), longAgo],
    ['of another host that has not touched it', 'elsewhere', () => 1, longAgo],
  ])('takes over a file of a process %s', async (_, host, pid, touched) => {
    const { spoolDir, server } = await fileOf(host, pid(), touched())
    const { scanned } = await restart(spoolDir, server.address)
    await scanned()
    expect(appsOf(server.profiles)).toEqual(['theirs'])
    expect(files(spoolDir)).toEqual([])
  })

  it('gives each file to one of them', async () => {
    const spoolDir = temporaryDirectory()
    const apps = Array.from({ length: 20 }, (_, i) => `app${i}`)
    const { server } = await asProcess(gone(), () => leave(spoolDir, apps))
    const heirs = []
    for (const pid of [running(), running()]) {
      heirs.push(await asProcess(pid, () => restart(spoolDir, server.address)))
    }
    for (const { scanned } of heirs) await scanned()
    expect(appsOf(server.profiles).toSorted()).toEqual(apps.toSorted())
  })

  it('leaves to one what it is about to send', async () => {
    const spoolDir = temporaryDirectory()
    const { server } = await asProcess(gone(), () => leave(spoolDir, ['one', 'two']))
    server.fault = BUSY
    const requests = server.requests.length
    const first = await asProcess(running(), () => restart(spoolDir, server.address))
    await server.requested(requests + 2) // Both: a later one would find the server well again.
    expect(first.counts()).toEqual({ uploadsWaiting: 2 })
    await leaveOne(spoolDir, server, 'ours')
    const second = await restart(spoolDir, server.address)
    await server.stored(1)
    await second.flush()
    expect(appsOf(server.profiles)).toEqual(['ours'])
    await first.flush()
    expect(appsOf(server.profiles).toSorted()).toEqual(['one', 'ours', 'two'])
  })

  it('counts a file that another has sent as none of its own', async () => {
    const spoolDir = temporaryDirectory()
    const server = await startIngestServer()
    server.faults.push(never)
    const timeouts = timersOf(LONG_MILLIS)
    const options = { spoolDir, uploadTimeoutMs: LONG_MILLIS }
    const { sink, counts, flush } = await pushTo(server.address, options)
    await sink.write(named('sent'))
    await server.requested(1)
    await sink.write(named('taken'))
    for (const name of files(spoolDir)) {
      if (readFileSync(join(spoolDir, name), 'latin1').includes('taken')) {
        rmSync(join(spoolDir, name))
      }
    }
    timeouts.run()
    await flush()
    expect(appsOf(server.profiles)).toEqual(['sent'])
    expect(counts()).toMatchObject({ uploads: 1 })
    expect(counts()).not.toHaveProperty('dropped')
  })
})

describe('a spool that cannot be written to', () => {
  it('leaves profiles in memory, says so once, and again when it can', async () => {
    const spoolDir = join(temporaryDirectory(), 'spool')
    const server = await startIngestServer()
    const { sink, counts, lines, flush } = await pushTo(server.address, { spoolDir })
    writeFileSync(spoolDir, 'a file stands in the way')
    for (let i = 0; i < 3; i++) await sink.write(profile)
    await flush()
    rmSync(spoolDir)
    await sink.write(profile)
    await flush()
    expect(server.profiles).toHaveLength(4)
    expect(counts()).toMatchObject({ uploads: 4, spoolFailures: 3, profilesSpooled: 1 })
    expect(lines).toEqual([
      expect.stringMatching(/^warn: cannot write to spoolDir, profiles wait in memory: /),
      'info: spoolDir works again after 3 failures',
    ])
  })

  it('costs what is in memory at the end', async () => {
    const spoolDir = join(temporaryDirectory(), 'spool')
    const { sink, counts } = await pushTo(DOWN, { spoolDir })
    writeFileSync(spoolDir, 'a file stands in the way')
    await sink.write(profile)
    await sink.close(AbortSignal.abort())
    expect(counts()).toEqual({ dropped: 1, droppedAtEnd: 1, spoolFailures: 2 })
  })

  it.skipIf(!canMount())('may be a full disk', async () => {
    const spoolDir = mountSmallDisk()
    const server = await startIngestServer()
    server.fault = BUSY
    const pauses = timersOf(BUSY_MILLIS)
    const { sink, counts, lines, flush } = await pushTo(server.address, { spoolDir })
    try {
      writeFileSync(join(spoolDir, '.filler'), Buffer.alloc(1 << 20))
    } catch {
      // Full.
    }
    await sink.write(named('in memory'))
    await pauses.set(1) // No file is being sent from here on, so that none changes its name.
    rmSync(join(spoolDir, '.filler'))
    await sink.write(named('in the spool'))
    expect(files(spoolDir)).toHaveLength(1)
    server.fault = undefined
    await flush()
    expect(appsOf(server.profiles).toSorted()).toEqual(['in_memory', 'in_the_spool'])
    expect(counts()).toMatchObject({ uploads: 2, spoolFailures: 1, profilesSpooled: 1 })
    expect(lines.filter((line) => line.includes('spoolDir'))).toEqual([
      expect.stringContaining('ENOSPC'),
      expect.stringContaining('again'),
    ])
  })
})
