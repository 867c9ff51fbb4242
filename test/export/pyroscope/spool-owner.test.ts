import { readlinkSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { isGone, newOwner } from '../../../src/export/pyroscope/spool-owner.ts'
import { gone, running } from './spools.ts'

const self = newOwner()
const longAgo = () => Date.now() - 4 * 60_000

afterEach(() => vi.restoreAllMocks())

describe('the owner of a file', () => {
  it('is still there while its process runs', () => {
    expect(isGone({ ...self, pid: running() }, self, Date.now())).toBe(false)
  })

  it('is still there where its process is one of another user', () => {
    vi.spyOn(process, 'kill').mockImplementation(() => {
      throw Object.assign(new Error(), { code: 'EPERM' })
    })
    expect(isGone({ ...self, pid: 1 }, self, Date.now())).toBe(false)
  })

  it('is gone when its process is', () => {
    expect(isGone({ ...self, pid: gone() }, self, Date.now())).toBe(true)
  })

  it('is gone when this process has its id', () => {
    expect(isGone({ ...self, life: 'a' }, self, Date.now())).toBe(true)
  })

  it('is gone when a process that runs has left its files alone', () => {
    expect(isGone({ ...self, pid: running() }, self, longAgo())).toBe(true)
  })

  it.each([
    ['that runs here', process.pid],
    ['that is gone here', gone()],
  ])('on another host with an id %s is gone when its files say so', (_, pid) => {
    const owner = { ...self, host: 'elsewhere', pid }
    expect(isGone(owner, self, Date.now())).toBe(false)
    expect(isGone(owner, self, longAgo())).toBe(true)
  })

  it('is never this process itself', () => {
    expect(isGone(self, self, longAgo())).toBe(false)
  })

  it.runIf(process.platform === 'linux')('is of another host in another container', () => {
    const [namespace = ''] = /\d+/.exec(readlinkSync('/proc/self/ns/pid')) ?? []
    expect(namespace).not.toBe('')
    expect(self.host.endsWith(`-${namespace}`)).toBe(true)
  })
})
