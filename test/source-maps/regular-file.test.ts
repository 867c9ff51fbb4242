import { execFileSync } from 'node:child_process'
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fileState, readRegularFile } from '../../src/source-maps/regular-file.ts'
import { temporaryDirectory } from '../program.ts'

const path = (name: string) => join(temporaryDirectory(), name)

describe('a file', () => {
  it('is read as a whole, in pieces', async () => {
    const file = path('large')
    const bytes = Buffer.alloc(3_000_000, 'abcdefg')
    writeFileSync(file, bytes)
    expect((await readRegularFile(file)).equals(bytes)).toBe(true)
    expect((await readRegularFile(file, 2_000_000)).equals(bytes.subarray(1_000_000))).toBe(true)
  })

  it('is not read when it is too large, though its end may be', async () => {
    const file = path('sparse')
    writeFileSync(file, '')
    truncateSync(file, 33 << 20)
    await expect(readRegularFile(file)).rejects.toThrow('too large')
    expect(await readRegularFile(file, 4096)).toHaveLength(4096)
  })

  it('is not read when it is a pipe or a device, or not there', async () => {
    const pipe = path('pipe')
    execFileSync('mkfifo', [pipe])
    await expect(readRegularFile(pipe)).rejects.toThrow('not a regular file')
    await expect(readRegularFile('/dev/zero')).rejects.toThrow('not a regular file')
    await expect(readRegularFile(path('gone'))).rejects.toThrow('ENOENT')
  })

  it('that is not there has no state', () => {
    expect(fileState(path('gone'))).toEqual({ stamp: '', bytes: 0 })
  })
})
