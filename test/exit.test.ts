import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  decodeDirectory,
  decodeProfile,
  having,
  profileFiles,
  samplesOf,
  total,
} from './decoded-profile.ts'
import { never, startIngestServer, status } from './ingest-server.ts'
import { type ProgramOptions, runProgram, temporaryDirectory } from './program.ts'

async function end(way: string, options: object = {}, program: ProgramOptions = {}) {
  const directory = temporaryDirectory()
  const args = [directory, way, JSON.stringify(options)]
  const { stdout, ...result } = await runProgram('exit.mjs', { ...program, args })
  const [cpuNanos, doneMillis, ...printed] = stdout.split(' ')
  const done = { cpuNanos: Number(cpuNanos), doneMillis: Number(doneMillis) }
  return { ...result, ...done, stdout: printed.join(' '), directory }
}

/** Sends a signal once the program says that it may come. */
function signalled(signal: NodeJS.Signals): ProgramOptions {
  let sent = false
  return {
    onOutput(text, kill) {
      if (sent || !text.includes('ready')) return
      sent = true
      kill(signal)
    },
  }
}

interface Ended {
  readonly directory: string
  readonly cpuNanos: number
  readonly doneMillis: number
}

/** All CPU time up to the end is there, and what ran last has its label. */
function expectWholeProfile({ directory, cpuNanos, doneMillis }: Ended): void {
  const profiles = decodeDirectory(directory)
  const { timeNanos = 0n, durationNanos = 0 } = profiles.at(-1) ?? {}
  expect(Number(timeNanos / 1000n) / 1000 + durationNanos / 1e6).toBeGreaterThan(doneMillis - 1)
  const samples = samplesOf(profiles)
  expect(total(samples, 'cpuNanos')).toBeGreaterThan(0.95 * cpuNanos)
  expect(having(samples, 'early')).not.toEqual([])
  const last = having(samples, 'atTheEnd')
  expect(last).not.toEqual([])
  for (const { labels } of last) expect(labels).toEqual({ at: 'end' })
}

describe('the last window reaches the files, and the exit stays what it was,', () => {
  it.each([
    ['at the natural end', 'natural', 0, {}],
    ['at process.exit()', 'exit', 7, {}],
    ['with an exit code set in an exit handler', 'exitInHandler', 9, {}],
    ['after stop()', 'stop', 0, {}],
    ['at process.exit() that may wait for an odd time', 'exit', 7, { exitTimeoutMs: 1999 }],
  ])('%s', async (_, way, expectedCode, options) => {
    const result = await end(way, options)
    expect(result).toMatchObject({ code: expectedCode, signal: null, stdout: '', stderr: '' })
    expectWholeProfile(result)
  })

  it.each([
    ['an uncaught exception', 'throws', 'thrown on purpose'],
    ['an unhandled rejection', 'rejects', 'rejected on purpose'],
  ])('at %s', async (_, way, message) => {
    const result = await end(way)
    expect(result).toMatchObject({ code: 1, signal: null, stdout: '' })
    expect(result.stderr).toContain(message)
    expect(result.stderr).not.toContain('debugger')
    expect(result.stderr).not.toContain('Spanprof')
    expectWholeProfile(result)
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('at %s with a handler of the app', async (name) => {
    const result = await end(`ownHandler ${name}`, {}, signalled(name))
    expect(result).toMatchObject({ code: 5, signal: null, stdout: 'ready', stderr: '' })
    expectWholeProfile(result)
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('at %s that a handler raises again', async (name) => {
    const result = await end(`ownHandlerRaisesAgain ${name}`, {}, signalled(name))
    expect(result).toMatchObject({ code: null, signal: name, stdout: 'ready', stderr: '' })
    expectWholeProfile(result)
  })

  it.each([
    ['SIGTERM', 'SIGTERM'],
    ['15', 'SIGTERM'],
    ['SIGUSR2', 'SIGUSR2'],
    ['SIGKILL', 'SIGKILL'],
  ])('at the signal %s that the app sends itself', async (sent, signal) => {
    const result = await end(`killsItself ${sent}`)
    expect(result).toMatchObject({ code: null, signal, stdout: '', stderr: '' })
    expectWholeProfile(result)
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('at %s with flushOnSignals', async (name) => {
    const result = await end('noHandler', { flushOnSignals: true }, signalled(name))
    expect(result).toMatchObject({ code: null, signal: name, stdout: 'ready', stderr: '' })
    expectWholeProfile(result)
  })

  it('with flushOnSignals beside a handler of the app, which decides', async () => {
    const program = signalled('SIGTERM')
    const result = await end('ownHandler SIGTERM', { flushOnSignals: true }, program)
    expect(result).toMatchObject({ code: 5, signal: null, stderr: '' })
    expectWholeProfile(result)
  })
})

describe('a server gets the last profile too,', () => {
  it.each([
    ['at the natural end', 'natural', {}],
    ['at process.exit()', 'exit', {}],
    ['at an uncaught exception', 'throws', {}],
    ['at a signal that the app sends itself', 'killsItself SIGTERM', {}],
    ['at a signal with flushOnSignals', 'noHandler', { flushOnSignals: true }],
  ])('%s', async (_, way, options) => {
    const server = await startIngestServer()
    server.faults.push(status(503)) // There is time for another try.
    const { address: serverAddress } = server
    const result = await end(way, { serverAddress, ...options }, signalled('SIGTERM'))
    const last = samplesOf(server.profiles).filter(({ labels }) => labels.at === 'end')
    expect(last).not.toEqual([])
    expect(total(samplesOf(server.profiles), 'count')).toBe(
      total(samplesOf(decodeDirectory(result.directory)), 'count'),
    )
  })
})

describe('a server that never answers', () => {
  const unanswered = async (options: object) => {
    const server = await startIngestServer()
    server.fault = never
    const { address: serverAddress } = server
    // One that did wait for an answer would wait for ten minutes.
    return end('exit', { serverAddress, uploadTimeoutMs: 600_000, ...options })
  }

  it('does not hold up the exit for longer than it may wait', async () => {
    const result = await unanswered({ exitTimeoutMs: 500 })
    expect(result).toMatchObject({ code: 7, signal: null, stdout: '' })
    expectWholeProfile(result) // The files have it.
  })

  it('costs profiles that the app hears of, though it has ended', async () => {
    const { stderr } = await unanswered({ exitTimeoutMs: 500 })
    expect(stderr.match(/SpanprofWarning: .*/g)).toEqual([
      expect.stringMatching(/profiles lost because they were not uploaded to \S+ in time: [1-9]/),
    ])
  })

  it('does not hold it up at all where told so', async () => {
    const { code, stdout } = await unanswered({ exitTimeoutMs: 0 })
    expect({ code, stdout }).toEqual({ code: 7, stdout: '' })
  })

  it('gets it from the spool later', async () => {
    const spoolDir = temporaryDirectory()
    const { stderr } = await unanswered({ exitTimeoutMs: 500, spoolDir })
    expect(stderr).toBe('')
    const spooled = readdirSync(spoolDir).map((name) => readFileSync(join(spoolDir, name)))
    const profiles = spooled.map((file) => decodeProfile(file.subarray(file.indexOf('\n') + 1)))
    const last = samplesOf(profiles).filter(({ labels }) => labels.at === 'end')
    expect(last).not.toEqual([])
  })
})

describe('a signal without a handler', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('%s ends the app as ever', async (name) => {
    const result = await end('noHandler', {}, signalled(name))
    expect(result).toMatchObject({ code: null, signal: name, stdout: 'ready', stderr: '' })
  })

  it('ends a blocked app too', async () => {
    const result = await end('blocked', {}, signalled('SIGINT'))
    expect(result).toMatchObject({ code: null, signal: 'SIGINT', stdout: 'ready', stderr: '' })
  })
})

it('does not wait at the exit where told not to', async () => {
  const { code, stdout, stderr, directory } = await end('exit', { exitTimeoutMs: 0 })
  expect({ code, stdout }).toEqual({ code: 7, stdout: '' })
  // Node says so itself when a session is still open.
  expect(stderr.replace('Waiting for the debugger to disconnect...\n', '')).toBe('')
  expect(profileFiles(directory).length).toBeLessThanOrEqual(1)
})
