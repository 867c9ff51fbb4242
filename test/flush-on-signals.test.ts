import { describe, expect, it } from 'vitest'
import { never, startIngestServer } from './ingest-server.ts'
import { runCode } from './program.ts'

const SIGNALS = ['SIGTERM', 'SIGINT'] as const

/**
 * A program that has something to upload, and waits for signals. Where the app's thread blocks, it says
 * so; nothing else is written.
 */
function waitingFor(serverAddress: string) {
  return `
    import { writeSync } from 'node:fs'
    import { startProfiler } from 'spanprof'
    const { cpuBurner } = await import('./test/programs/burn.mjs')
    const { wait } = Atomics
    Atomics.wait = (...args) => {
      writeSync(1, 'waits\\n')
      return wait(...args)
    }
    await startProfiler({ serverAddress: '${serverAddress}', flushOnSignals: true,
      flushIntervalMs: 1_800_000, uploadTimeoutMs: 600_000, exitTimeoutMs: 60_000 })
    cpuBurner('burn')(100)
    setInterval(() => {}, 1000)
    writeSync(1, 'ready\\n')`
}

describe('a flush at a signal', () => {
  it.each(SIGNALS)('is waited for once, though %s is raised again after it', async (signal) => {
    const server = await startIngestServer()
    const result = await runCode(waitingFor(server.address), {
      onOutput: (text, kill) => text === 'ready\n' && kill(signal),
    })
    expect(result).toEqual({ code: null, signal, stdout: 'ready\nwaits\n', stderr: '' })
    expect(server.profiles).not.toEqual([])
  })

  it.each(SIGNALS)('is ended by another %s', async (signal) => {
    const server = await startIngestServer()
    server.fault = never
    const result = await runCode(waitingFor(server.address), {
      onOutput: (_, kill) => kill(signal), // When it is ready, and when it waits.
    })
    // Nothing is said of the profile, which is lost when the time for the flush is up, a minute later.
    expect(result).toEqual({ code: null, signal, stdout: 'ready\nwaits\n', stderr: '' })
  })
})
