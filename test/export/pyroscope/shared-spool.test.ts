import { execFileSync } from 'node:child_process'
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { nameFile, type SpoolFile } from '../../../src/export/pyroscope/spool-file.ts'
import { temporaryDirectory } from '../../program.ts'
import { asProcess, forsake, gone, renamed, running, spoolIn, uploadOf } from './spools.ts'

const HOUR_MILLIS = 60 * 60_000
const names = (directory: string) => readdirSync(directory).sort()
const touchedMillis = (directory: string, name: string) => lstatSync(join(directory, name)).mtimeMs

describe('making room', () => {
  it('counts each file where it was removed, and nowhere else', async () => {
    const directory = temporaryDirectory()
    const both = [1, 2].map(() => spoolIn(directory, { maxBytes: 3000 }))
    for (let i = 0; i < 20; i++) await Promise.all(both.map(({ put }) => put(uploadOf(500))))
    const dropped = both.reduce((sum, { counts }) => sum + (counts.madeRoom ?? 0), 0)
    expect(dropped + names(directory).length).toBe(40)
  })

  it('leaves a file that a process is sending', async () => {
    const directory = temporaryDirectory()
    const [sender, other] = [1, 2].map(() => spoolIn(directory, { maxBytes: 1000 }))
    const loaded = await sender?.spool.load(await sender.put(uploadOf(600)))
    expect(await other?.spool.put(uploadOf(600), () => expect.fail('dropped'))).toBeUndefined()
    expect(names(directory)).toEqual([loaded?.file.name])
    expect(await sender?.spool.remove(loaded?.file as SpoolFile)).toBe(true)
    expect(await other?.put(uploadOf(600))).toBeDefined()
  })

  it('takes one that could not be sent, and is gone for its owner then', async () => {
    const directory = temporaryDirectory()
    const { spool, put, counts } = spoolIn(directory, { maxBytes: 1000 })
    const loaded = await spool.load(await put(uploadOf(600)))
    const released = (await spool.release(loaded?.file as SpoolFile)) as SpoolFile
    await spoolIn(directory, { maxBytes: 1000 }).put(uploadOf(600))
    expect(await spool.load(released)).toBeUndefined()
    expect(await spool.remove(released)).toBe(false)
    expect(counts).toEqual({})
  })

  it('drops nothing for one that is larger than the whole spool', async () => {
    const directory = temporaryDirectory()
    const { spool, put } = spoolIn(directory, { maxBytes: 1000 })
    const { name } = await put()
    expect(await spool.put(uploadOf(2000), () => expect.fail('dropped'))).toBeUndefined()
    expect(names(directory)).toEqual([name])
  })

  it('begins with damaged files, by the size they have', async () => {
    const directory = temporaryDirectory()
    const { spool, put, counts } = spoolIn(directory)
    const waiting = await put(uploadOf(100, 1000))
    const damaged = await put()
    truncateSync(join(directory, damaged.name), 9 * 2 ** 20)
    expect(await spool.load(damaged)).toBeUndefined()
    expect(names(directory)[1]).toMatch(/\.damaged$/)
    const last = await put()
    expect(names(directory)).toEqual([waiting.name, last.name])
    expect(counts).toEqual({ dropped: 1, droppedUnfit: 1, spoolFilesRejected: 1 })
  })
})

describe('adopting', () => {
  it('touches the files of this process, those that are being sent too', async () => {
    const directory = temporaryDirectory()
    const { spool, put } = spoolIn(directory)
    await put()
    await spool.load(await put())
    for (const name of names(directory)) forsake(directory, name)
    const before = Date.now() - 1000
    expect(await spool.adopt()).toEqual([])
    for (const name of names(directory)) {
      expect(touchedMillis(directory, name)).toBeGreaterThan(before)
    }
  })

  it('touches what it takes over', async () => {
    const directory = temporaryDirectory()
    const theirs = await spoolIn(directory).put()
    forsake(directory, theirs.name)
    const [mine] = await spoolIn(directory).spool.adopt()
    expect(touchedMillis(directory, mine?.name ?? '')).toBeGreaterThan(Date.now() - 60_000)
  })

  it('takes over what a process was sending when it ended', async () => {
    const directory = temporaryDirectory()
    const { spool, put } = spoolIn(directory)
    await spool.load(await put())
    const heir = spoolIn(directory).spool
    const [mine] = await heir.adopt()
    expect(mine?.state).toBe('waiting')
    expect(await heir.load(mine as SpoolFile)).toBeDefined()
  })

  it('gives each file to one process, and lets it keep it', async () => {
    const directory = temporaryDirectory()
    const { put } = await asProcess(gone(), () => spoolIn(directory))
    for (let i = 0; i < 50; i++) forsake(directory, (await put()).name)
    const heirs = []
    for (const pid of [running(), running(), running()]) {
      heirs.push(await asProcess(pid, () => spoolIn(directory).spool))
    }
    const adopted = await Promise.all(heirs.map((spool) => spool.adopt()))
    expect(
      adopted
        .flat()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(names(directory))
    for (const spool of heirs) expect(await spool.adopt()).toEqual([])
  })

  it.each([
    ['removes a file of an hour ago', gone, HOUR_MILLIS, 0],
    ['leaves a younger one', gone, HOUR_MILLIS / 2, 1],
    ['leaves that of a process that runs', running, HOUR_MILLIS, 1],
  ])('%s that was for another server', async (_, pid, ageMillis, left) => {
    const directory = temporaryDirectory()
    const { put } = await asProcess(pid(), () => spoolIn(directory, { destination: 'another' }))
    await put(uploadOf(100, ageMillis))
    const { spool, counts } = spoolIn(directory)
    expect(await spool.adopt()).toEqual([])
    expect(names(directory)).toHaveLength(left)
    expect(counts).toEqual(left ? {} : { dropped: 1, droppedTooOld: 1 })
  })

  it('keeps the ten newest of damaged files', async () => {
    const directory = temporaryDirectory()
    const { spool, put } = spoolIn(directory)
    for (let age = 12; age > 0; age--) {
      renamed(directory, await put(uploadOf(100, age)), { state: 'damaged' })
    }
    const all = names(directory)
    await spool.adopt()
    expect(names(directory)).toEqual(all.slice(2))
  })

  it('leaves files of others that are called damaged', async () => {
    const directory = temporaryDirectory()
    for (let i = 0; i < 12; i++) writeFileSync(join(directory, `${i}.damaged`), 'x')
    const { spool, counts } = spoolIn(directory)
    await spool.adopt()
    expect(names(directory)).toHaveLength(12)
    expect(counts).toEqual({ spoolFilesRejected: 12 })
  })
})

describe('what is no regular file but has the name of one', () => {
  const kinds: [string, (path: string) => void][] = [
    ['a directory', (path) => mkdirSync(path)],
    ['a pipe', (path) => execFileSync('mkfifo', [path])],
    ['a link', (path) => symlinkSync('/dev/zero', path)],
  ]

  it.each(kinds)('is left alone, as %s', async (_, make) => {
    const directory = temporaryDirectory()
    const { spool, put, counts } = spoolIn(directory, { maxBytes: 1000 })
    const first = await put(uploadOf(600))
    const foreign = nameFile({ ...first, startTimeMillis: 0, pid: gone() }).name
    make(join(directory, foreign))
    for (let i = 0; i < 2; i++) expect(await spool.adopt()).toEqual([])
    const { name } = await put(uploadOf(600))
    expect(names(directory)).toEqual([foreign, name].sort())
    expect(counts).toEqual({ spoolFilesRejected: 1, madeRoom: 1 })
  })

  it.each(kinds)('holds up nothing that was to be sent, as %s', async (_, make) => {
    const directory = temporaryDirectory()
    const { spool, put } = spoolIn(directory)
    const { name, ...file } = await put()
    rmSync(join(directory, name))
    make(join(directory, name))
    expect(await spool.load({ name, ...file })).toBeUndefined()
    expect(names(directory)).toEqual([name])
  })
})

it('a file gets its name when it is whole, and is never written through a link', async () => {
  const directory = temporaryDirectory()
  const { spool, put } = spoolIn(directory)
  const upload = uploadOf()
  const { name, ...first } = await put(upload)
  const next = nameFile({ ...first, number: first.number + 1 })
  const target = join(temporaryDirectory(), 'target')
  writeFileSync(target, 'as it was')
  symlinkSync(target, join(directory, `.${next.name}.tmp`))
  await expect(spool.put(upload, () => {})).rejects.toThrow('EEXIST')
  expect(readFileSync(target, 'utf8')).toBe('as it was')
  expect(names(directory)).not.toContain(next.name)
})
