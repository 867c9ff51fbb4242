import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { DirectorySink } from '../../src/export/directory-sink.ts'
import { decodeDirectory } from '../decoded-profile.ts'
import { temporaryDirectory } from '../program.ts'
import { fold, windowOf } from './windows.ts'

const profile = fold(windowOf([{ stack: 'main;work' }]))
const NAME = `shop-cpu-20260102T030405678Z-${process.pid}.pb.gz`

function sinkInto(directory: string) {
  const report = { written: vi.fn(), dropped: vi.fn(), log: vi.fn() }
  return { sink: new DirectorySink(directory, report), report }
}

describe('the directory sink', () => {
  it('writes a profile under its app, kind, start and process', async () => {
    const directory = temporaryDirectory()
    const { sink, report } = sinkInto(directory)
    await sink.write(profile)
    expect(readdirSync(directory)).toEqual([NAME])
    expect(decodeDirectory(directory)[0]?.samples[0]?.stack).toEqual(['work', 'main'])
    expect(report.written).toHaveBeenCalledWith(statSync(join(directory, NAME)).size)
  })

  it('makes directories that are missing', async () => {
    const directory = join(temporaryDirectory(), 'a', 'b')
    await sinkInto(directory).sink.write(profile)
    expect(readdirSync(directory)).toEqual([NAME])
  })

  it.skipIf(process.platform === 'win32')('lets nobody else read', async () => {
    const directory = join(temporaryDirectory(), 'profiles')
    await sinkInto(directory).sink.write(profile)
    expect(statSync(directory).mode & 0o777).toBe(0o700)
    expect(statSync(join(directory, NAME)).mode & 0o777).toBe(0o600)
  })

  it('drops and counts what it cannot write, logs once, and goes on when it can', async () => {
    const directory = join(temporaryDirectory(), 'profiles')
    writeFileSync(directory, 'a file stands in the way')
    const { sink, report } = sinkInto(directory)
    for (let i = 0; i < 3; i++) await sink.write(profile)
    expect(report.dropped).toHaveBeenCalledTimes(3)
    expect(report.written).not.toHaveBeenCalled()
    expect(report.log.mock.calls).toEqual([['warn', expect.stringContaining(directory)]])

    rmSync(directory)
    await sink.write(profile)
    expect(report.written).toHaveBeenCalledOnce()
    expect(report.log.mock.calls.slice(1)).toEqual([
      ['info', expect.stringContaining('profiles lost: 3')],
    ])

    rmSync(directory, { recursive: true })
    writeFileSync(directory, 'again')
    await sink.write(profile)
    expect(report.log).toHaveBeenCalledTimes(3)
  })

  it('leaves no half-written file behind', async () => {
    const directory = temporaryDirectory()
    const { sink, report } = sinkInto(directory)
    mkdirSync(join(directory, NAME)) // The rename fails on a directory of that name.
    await sink.write(profile)
    expect(report.dropped).toHaveBeenCalledOnce()
    expect(readdirSync(directory)).toEqual([NAME])
    expect(existsSync(join(directory, NAME, 'x'))).toBe(false)
    chmodSync(directory, 0o700)
  })
})
