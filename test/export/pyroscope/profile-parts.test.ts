import { afterEach, describe, expect, it, vi } from 'vitest'
import { encodePprof, toPprof } from '../../../src/export/pprof.ts'
import type { Profile } from '../../../src/export/profile.ts'
import { encodedParts } from '../../../src/export/pyroscope/profile-parts.ts'
import { decodeProfile, samplesOf, total } from '../../decoded-profile.ts'
import { startIngestServer } from '../../ingest-server.ts'
import { fold, type Given, windowOf } from '../windows.ts'
import { pushTo } from './push.ts'

afterEach(() => vi.restoreAllMocks())

/** So many stacks of one frame that is their own below some that they share. */
function wide(samples: number, nameBytes: number): Profile {
  const given: Given[] = Array.from({ length: samples }, (_, i) => ({
    stack: `main;serve;handle;${'f'.repeat(nameBytes)}${i}`,
    labels: ['tenant', `t${i % 3}`],
    cpuNanos: 1e6 + i,
  }))
  return fold(windowOf(given))
}

describe('a profile too large for the server', () => {
  it.each([
    ['bytes', wide(3_000, 1200)],
    ['samples', wide(16_001, 5)],
  ])('in %s arrives in parts, whole', async (_, profile) => {
    const server = await startIngestServer()
    const { sink, counts, flush } = await pushTo(server.address)
    await sink.write(profile)
    await flush()
    const { uploads = 0, ...others } = counts()
    expect(uploads).toBeGreaterThan(1)
    expect(others).toMatchObject({ profilesSplit: 1 })
    expect(others).not.toHaveProperty('dropped')
    const samples = samplesOf(server.profiles)
    expect(total(samples, 'count')).toBe(profile.samples.length)
    const nanos = profile.samples.reduce((sum, { values }) => sum + (values[1] ?? 0), 0)
    expect(total(samples, 'cpuNanos')).toBe(nanos)
    // One after the other: profiles of one series and one time might be taken for the same one.
    const times = server.profiles.map((part) => [part.fromMillis, part.untilMillis]).sort()
    for (const [i, [from]] of times.entries()) if (i > 0) expect(from).toBe(times[i - 1]?.[1])
    expect((times.at(-1)?.[1] ?? 0) - (times[0]?.[0] ?? 0)).toBe(1000)
  })

  it('that is of a moment has parts that are milliseconds apart', () => {
    const moment = { ...wide(5_000, 1200), durationNanos: 0 }
    const parts = encodedParts(moment, (part) => toPprof(part).encode())
    expect(parts.length).toBeGreaterThan(2)
    const times = parts.map(({ part }) => Math.round(part.startTimeMillis))
    expect(new Set(times).size).toBe(parts.length)
    expect(Math.max(...times) - moment.startTimeMillis).toBeLessThan(1000)
    expect(parts.map(({ part }) => part.durationNanos)).toEqual(parts.map(() => 0))
  })

  it('has parts with nothing in them that is not theirs', () => {
    const encode = (part: Profile) => toPprof(part).encode()
    const parts = encodedParts(wide(3_000, 1200), encode)
    for (const { part } of parts) {
      const { samples, strings } = decodeProfile(encodePprof(part))
      const used = new Set(samples.flatMap(({ stack, labels }) => [...stack, labels.tenant]))
      expect(strings.filter((text) => /^f+|^t\d/.test(text) && !used.has(text))).toEqual([])
    }
    expect(parts.reduce((sum, { part }) => sum + part.samples.length, 0)).toBe(3_000)
  })

  it('is lost where a single sample is, counted and told of, and the others are sent', async () => {
    const server = await startIngestServer()
    const { sink, counts, lines, flush } = await pushTo(server.address)
    const frames = Array.from({ length: 400 }, (_, i) => `${i}${'f'.repeat(2000)}`)
    const urls = Object.fromEntries(frames.map((frame) => [frame, `file:///${frame}.js`]))
    await sink.write(fold(windowOf([{ stack: frames.join(';') }, { stack: 'main;work' }], urls)))
    await flush()
    expect(server.profiles.map(({ samples }) => samples.length)).toEqual([1])
    expect(counts()).toMatchObject({ uploads: 1, dropped: 1, droppedUnfit: 1 })
    expect(lines).toEqual([expect.stringContaining('exceeds the size that a server takes')])
  })
})
