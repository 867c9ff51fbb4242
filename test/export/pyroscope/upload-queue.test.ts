import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { UploadQueue } from '../../../src/export/pyroscope/upload-queue.ts'
import { temporaryDirectory } from '../../program.ts'
import { spoolIn, uploadOf } from './spools.ts'

function queueIn(directory: string, maxBytes = 1e6) {
  const { spool, report, ...counted } = spoolIn(directory, { maxBytes })
  return { ...counted, queue: new UploadQueue({ maxBytes, deadlineMillis: 1e6, spool, report }) }
}

describe('a queue with a spool', () => {
  it('lets a file wait that cannot be read now', async () => {
    const directory = temporaryDirectory()
    const { queue, counts } = queueIn(directory)
    await queue.add(uploadOf())
    renameSync(directory, `${directory}.aside`)
    writeFileSync(directory, 'a file stands in the way')
    expect(await queue.take()).toMatchObject({ outcome: 'failed' })
    expect(queue.isEmpty).toBe(false)
    expect(counts).toEqual({ profilesSpooled: 1, uploadsWaiting: 1 })
    rmSync(directory)
    renameSync(`${directory}.aside`, directory)
    expect(await queue.take()).toHaveProperty('upload')
  })

  it('has nothing waiting when it was closed while it took over files', async () => {
    const directory = temporaryDirectory()
    await spoolIn(directory).put()
    const { queue, counts } = queueIn(directory)
    const adopting = queue.adopt()
    await queue.close()
    await adopting
    expect(queue.isEmpty).toBe(true)
    expect(counts).toEqual({})
  })

  it('holds what is larger than the spool in memory, and says nothing', async () => {
    const { queue, counts, lines } = queueIn(temporaryDirectory(), 3000)
    for (const bytes of [2900, 100, 2900, 100]) await queue.add(uploadOf(bytes))
    expect(lines).toEqual([])
    expect(counts).toMatchObject({ profilesSpooled: 2, spoolFailures: 2 })
  })

  it('counts a file that another process has dropped as none of its own', async () => {
    const directory = temporaryDirectory()
    const { queue, counts } = queueIn(directory)
    await queue.add(uploadOf(600, 2 * 3_600_000))
    await spoolIn(directory, { maxBytes: 1000 }).put(uploadOf(600))
    expect(await queue.take()).toBeUndefined()
    expect(counts).toEqual({ profilesSpooled: 1, uploadsWaiting: 0 })
  })
})
