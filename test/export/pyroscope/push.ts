import { onTestFinished, vi } from 'vitest'
import { PyroscopeSink } from '../../../src/export/pyroscope/pyroscope-sink.ts'
import { resolveServerOptions, type ServerOptions } from '../../../src/options/server-options.ts'
import { readTlsMaterial } from '../../../src/options/tls-material.ts'

/** A sink for a server, with what it counts and says. Without jitter: a failed try is repeated at once. */
export async function pushTo(
  serverAddress: string,
  options: ServerOptions = {},
  environment: Record<string, string> = {},
) {
  vi.spyOn(Math, 'random').mockReturnValue(0)
  const counts: Record<string, number> = {}
  const count = (name: string, by = 1) => {
    counts[name] = (counts[name] ?? 0) + by
  }
  const lines: string[] = []
  const server = resolveServerOptions({ serverAddress, ...options }, environment)
  if (server === undefined) throw new Error('no server')
  const places = { cwd: '/app', shortenPaths: false }
  const sink = new PyroscopeSink({ ...server, tls: await readTlsMaterial(server.tls) }, places, {
    written: () => count('written'),
    dropped: () => count('dropped'),
    count,
    log: (level, message) => lines.push(`${level}: ${message}`),
  })
  onTestFinished(() => sink.close(AbortSignal.abort()))
  return {
    sink,
    lines,
    /** Without those that are 0. */
    counts: () => Object.fromEntries(Object.entries(counts).filter(([, value]) => value !== 0)),
    /** Until nothing waits, however long that takes. */
    flush: () => sink.flush(new AbortController().signal),
  }
}

/** Moves a clock on; back to what it is after the test. */
export function skewed(clock: { now(): number }): (millis: number) => void {
  const now = clock.now.bind(clock)
  let skewMillis = 0
  vi.spyOn(clock, 'now').mockImplementation(() => now() + skewMillis)
  return (millis) => {
    skewMillis += millis
  }
}
