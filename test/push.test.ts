import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { selfSignedCertificate } from './certificate.ts'
import { decodeDirectory, having, samplesOf, total } from './decoded-profile.ts'
import { never, startIngestServer, status } from './ingest-server.ts'
import { type ProgramOptions, runCode, temporaryDirectory } from './program.ts'

const PRELUDE = `import { startProfiler, withLabels } from 'spanprof'
  const { cpuBurner } = await import('./test/programs/burn.mjs')
  const burn = cpuBurner('burn')
  const logged = []
  const logger = { warn: (line) => logged.push(line), info: (line) => logged.push(line) }
  const print = (value) => console.log(JSON.stringify(value))
`

/** Runs code that has `spanprof`, and returns what it prints as JSON. */
async function run(code: string, options?: ProgramOptions) {
  const { stdout, stderr, ...ended } = await runCode(PRELUDE + code, options)
  const lines = stdout.trim().split('\n').filter(Boolean)
  return { ...ended, stdout, stderr, printed: lines.map((line) => JSON.parse(line)) }
}

describe('a profiler with a server', () => {
  it('pushes CPU and wall time with labels, tags and placed names, and writes files beside', async () => {
    const server = await startIngestServer()
    const outputDir = temporaryDirectory()
    const { printed, stderr, code } = await run(`
      const profiler = await startProfiler({ serverAddress: '${server.address}', wall: true,
        outputDir: ${JSON.stringify(outputDir)}, appName: '@acme/cart', tags: { region: 'eu' }, logger })
      await withLabels({ tenant: 'acme' }, async () => { await null; burn(200) })
      await profiler.stop()
      print({ stats: profiler.stats(), logged })`)
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    const [{ stats, logged }] = printed
    expect(logged).toEqual([])
    for (const type of ['cpu/nanoseconds', 'wall/nanoseconds']) {
      const pushed = server.profiles.filter(({ periodType }) => periodType === type)
      for (const { app, tags } of pushed) {
        expect({ app, tags }).toEqual({ app: 'acme/cart', tags: { region: 'eu' } })
      }
      const burnt = having(samplesOf(pushed), 'burn')
      expect(burnt).not.toEqual([])
      for (const { labels } of burnt) expect(labels).toEqual({ tenant: 'acme' })
    }
    const files = decodeDirectory(outputDir)
    const sums = (profiles: typeof files, type: string) =>
      total(samplesOf(profiles.filter(({ periodType }) => periodType === type)), 'count')
    for (const type of ['cpu/nanoseconds', 'wall/nanoseconds']) {
      expect(sums([...server.profiles], type)).toBe(sums(files, type))
    }
    expect(stats.uploads).toBe(server.profiles.length)
    expect(stats.profilesWritten).toBe(files.length + server.profiles.length)
    expect(stats.profilesDropped).toBe(0)
  })

  it('uploads while the app blocks its event loop', async () => {
    const server = await startIngestServer()
    let storedMeanwhile = 0
    await run(
      `const profiler = await startProfiler({ serverAddress: '${server.address}', flushIntervalMs: 300 })
      burn(2500)
      const { writeSync } = await import('node:fs')
      writeSync(1, '"done"\\n')
      await new Promise((resolve) => setTimeout(resolve, 100))`,
      {
        onOutput: () => {
          storedMeanwhile ||= server.profiles.length
        },
      },
    )
    expect(storedMeanwhile).toBeGreaterThan(2)
  })

  it('goes on sampling while the server does not answer', async () => {
    const server = await startIngestServer()
    server.fault = never
    const { printed } = await run(`
      const profiler = await startProfiler({ serverAddress: '${server.address}', logger,
        flushIntervalMs: 200, uploadTimeoutMs: 60_000, flushTimeoutMs: 100 })
      while (profiler.stats().uploadsWaiting < 3) {
        burn(20)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      burn(50)
      await profiler.flush()
      burn(50) // Without a sample there is no profile.
      await profiler.stop()
      const { uploads, profilesDropped, droppedAtEnd, uploadsWaiting } = profiler.stats()
      print({ uploads, profilesDropped, droppedAtEnd, uploadsWaiting })`)
    const [{ profilesDropped, ...stats }] = printed
    expect(profilesDropped).toBeGreaterThan(3)
    expect(stats).toEqual({ uploads: 0, droppedAtEnd: profilesDropped, uploadsWaiting: 0 })
    expect(server.requests.length).toBeLessThanOrEqual(4) // As many as are sent at once.
  })

  it('has what was sampled at the server when a flush is done', async () => {
    const server = await startIngestServer()
    server.faults.push(status(503))
    const { printed } = await run(`
      const profiler = await startProfiler({ serverAddress: '${server.address}', logger })
      burn(100)
      await profiler.flush()
      const { uploads, uploadRetries, uploadsWaiting } = profiler.stats()
      print({ flushed: uploads > 0, uploadRetries, uploadsWaiting })
      await profiler.stop()`)
    expect(printed).toEqual([{ flushed: true, uploadRetries: 1, uploadsWaiting: 0 }])
  })

  it('is started by the environment alone, and pushes what was sampled up to the end', async () => {
    const server = await startIngestServer()
    const { stderr, code } = await runCode(
      `const { cpuBurner } = await import('./test/programs/burn.mjs')
      cpuBurner('burn')(200)`,
      {
        nodeArgs: ['--import', 'spanprof/register'],
        env: {
          SPANPROF_SERVER_ADDRESS: server.address,
          SPANPROF_TENANT_ID: 'acme',
          OTEL_SERVICE_NAME: 'checkout',
        },
      },
    )
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    expect(server.profiles.map(({ app, tenant }) => ({ app, tenant }))).toContainEqual({
      app: 'checkout',
      tenant: 'acme',
    })
    expect(having(samplesOf(server.profiles), 'burn')).not.toEqual([])
  })
})

it('trusts who Node.js has been told to trust', async () => {
  const certificate = selfSignedCertificate()
  const server = await startIngestServer({ tls: certificate })
  const { printed } = await run(
    `const profiler = await startProfiler({ serverAddress: '${server.address}', logger })
    burn(50)
    await profiler.stop()
    print([profiler.stats().uploads > 0, logged])`,
    { env: { NODE_EXTRA_CA_CERTS: certificate.certFile } },
  )
  expect(printed).toEqual([[true, []]])
})

it('goes by the proxy that the environment names', async () => {
  const server = await startIngestServer()
  const { printed } = await run(
    `const profiler = await startProfiler({ serverAddress: 'http://pyroscope.invalid', logger })
    burn(50)
    await profiler.stop()
    print([profiler.stats().uploads > 0, logged])`,
    // A request to a proxy for plain HTTP is like one to a server.
    { env: { HTTP_PROXY: server.address, http_proxy: '', no_proxy: '', NO_PROXY: '' } },
  )
  expect(printed).toEqual([[true, []]])
  expect(server.requests[0]?.headers.host).toBe('pyroscope.invalid')
})

describe('a process that crashes', () => {
  it('leaves its profiles in the spool to the next one', async () => {
    const server = await startIngestServer()
    const spoolDir = temporaryDirectory()
    // The first flush comes at a random time within that, and would cut what was sampled in two.
    const start = `const profiler = await startProfiler({ serverAddress: '${server.address}', logger,
      flushIntervalMs: 1_800_000, flushTimeoutMs: 0, spoolDir: ${JSON.stringify(spoolDir)} })`
    server.fault = status(503, '', { 'retry-after': '3600' })
    const crashed = await run(
      `${start}
      withLabels({ life: 'first' }, () => burn(100))
      await profiler.flush()
      print(profiler.stats())
      setInterval(() => {}, 1000)`,
      { onOutput: (_, kill) => kill('SIGKILL') },
    )
    expect(crashed.signal).toBe('SIGKILL')
    const [{ uploadsWaiting }] = crashed.printed
    expect(uploadsWaiting).toBeGreaterThan(0)
    server.fault = undefined
    const { printed } = await run(`${start}
      while (profiler.stats().uploads < ${uploadsWaiting}) await new Promise((resolve) => setTimeout(resolve, 10))
      await profiler.stop()
      print([profiler.stats().profilesDropped, logged])`)
    expect(printed).toEqual([[0, []]])
    const labels = samplesOf(server.profiles).map((sample) => sample.labels.life)
    expect(labels).toContain('first')
  })
})

describe('what is wrong from the start', () => {
  const refusal = async (options: object) => {
    const { printed, code } = await run(`
      await startProfiler(${JSON.stringify(options)})
        .catch(({ name, code, message }) => print({ name, code, message }))`)
    expect(code).toBe(0)
    return printed[0]
  }
  const serverAddress = 'http://localhost:4040'

  it('is a spool that cannot be written to', async () => {
    const spoolDir = join(temporaryDirectory(), 'file')
    writeFileSync(spoolDir, '')
    expect(await refusal({ serverAddress, spoolDir })).toEqual({
      name: 'SpanprofError',
      code: 'ERR_SPOOL_DIR',
      message: expect.stringContaining(`spoolDir '${spoolDir}'`),
    })
    rmSync(spoolDir)
  })

  it.each([
    ['outputDir', 'ERR_OUTPUT_DIR'],
    ['spoolDir', 'ERR_SPOOL_DIR'],
  ])('is a link where %s is tried, and what it leads to stays as it was', async (option, code) => {
    const directory = temporaryDirectory()
    const target = join(temporaryDirectory(), 'target')
    writeFileSync(target, 'as it was')
    symlinkSync(target, join(directory, '.spanprof-guessed'))
    const options = { serverAddress, [option]: directory }
    const { printed } = await run(`
      const { default: crypto } = await import('node:crypto')
      const { syncBuiltinESMExports } = await import('node:module')
      crypto.randomUUID = () => 'guessed'
      syncBuiltinESMExports()
      await startProfiler(${JSON.stringify(options)})
        .catch(({ code, message }) => print({ code, message }))`)
    expect(printed).toEqual([{ code, message: expect.stringContaining('EEXIST') }])
    expect(readFileSync(target, 'utf8')).toBe('as it was')
  })

  it('is a PEM file that is missing', async () => {
    expect(await refusal({ serverAddress, tls: { caFile: '/nowhere/ca.pem' } })).toMatchObject({
      code: 'ERR_INVALID_OPTION',
      message: expect.stringMatching(/^tls\.caFile '\/nowhere\/ca\.pem' .*ENOENT/),
    })
  })
})

it('shows no secret in its log, its errors and its stats', async () => {
  const server = await startIngestServer()
  server.fault = ({ request, response }) => {
    response.writeHead(401).end(`no: ${JSON.stringify(request.headers)} ${request.url}`)
  }
  const { printed, stderr } = await run(`
    const profiler = await startProfiler({
      serverAddress: '${server.address}'.replace('//', '//ann:s3cret@'),
      httpHeaders: { 'x-key': 's3cret-too' }, logger })
    burn(50)
    await profiler.flush()
    await profiler.stop()
    print([logged, profiler.stats()])`)
  const said = stderr + JSON.stringify(printed)
  expect(said).toContain('HTTP 401: no: ')
  expect(said).not.toMatch(new RegExp(`s3cret|${btoa('ann:s3cret')}`))
})
