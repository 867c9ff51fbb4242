import { afterEach, describe, it, vi } from 'vitest'
import { startIngestServer, status } from '../../ingest-server.ts'
import { fold, windowOf } from '../windows.ts'
import { pushTo } from './push.ts'

const profile = fold(windowOf([{ stack: 'main;work' }]))

afterEach(() => vi.restoreAllMocks())

describe('a server that says when to come again', () => {
  it.each([
    ['7', 7000],
    ['300', 300_000],
    ['86400', 300_000],
    ['999999999999999999999', 300_000],
  ])('after %s seconds is asked again after %i ms', async (seconds, millis) => {
    const server = await startIngestServer()
    server.fault = status(429, '', { 'retry-after': seconds })
    const { sink } = await pushTo(server.address)
    const pauses = new Promise<void>((resolve) => {
      const { setTimeout } = globalThis
      vi.spyOn(globalThis, 'setTimeout').mockImplementation(((run: () => void, delay: number) => {
        if (delay === millis) resolve()
        return setTimeout(run, delay)
      }) as typeof setTimeout)
    })
    await sink.write(profile)
    await pauses
  })
})
