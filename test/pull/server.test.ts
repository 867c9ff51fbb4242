import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parsePullAddress } from '../../src/pull/server.ts'
import { decodeProfile, total } from '../decoded-profile.ts'
import { type ProgramOptions, runCode, runFile, temporaryDirectory } from '../program.ts'

describe('an address to pull from', () => {
  it.each([
    ['6060', '127.0.0.1', 6060],
    [':6060', '127.0.0.1', 6060],
    ['127.0.0.1:0', '127.0.0.1', 0],
    ['0.0.0.0:6060', '0.0.0.0', 6060],
    ['localhost:6060', 'localhost', 6060],
    ['[::1]:6060', '::1', 6060],
    ['[::]:6060', '::', 6060],
  ])('%s is %s, port %i', (text, host, port) => {
    expect(parsePullAddress(text)).toEqual({ host, port })
  })

  it.each(['x', 'localhost', '127.0.0.1:', ':65536', '::1:6060', '[localhost]:1', 'http://a:1'])(
    '%s is refused, naming the variable',
    (text) => {
      expect(() => parsePullAddress(text)).toThrow(`received ${JSON.stringify(text)}`)
      expect(() => parsePullAddress(text)).toThrow('SPANPROF_PULL')
    },
  )
})

/**
 * An app with `spanprof/register`, that runs `code` as soon as it can be pulled from `base`. It works
 * while `working`, and prints each value that it is told to `print`.
 */
async function runPulled(code: string, options: ProgramOptions = {}) {
  const source = `import http from 'node:http'
    import { setTimeout as sleep } from 'node:timers/promises'
    import { withLabels } from 'spanprof'
    const { cpuBurner } = await import('./test/programs/burn.mjs')
    const burn = cpuBurner('burn')
    const print = (value) => console.log(JSON.stringify(value))
    let working = true
    const work = async () => {
      while (working) {
        await withLabels({ tenant: 'acme' }, async () => { await null; burn(5) })
        await sleep(1)
      }
    }
    /** With what fetch would not send. */
    const status = (path, { headers = {}, method = 'GET' } = {}) => new Promise((resolve, reject) =>
      http.request(base + path, { headers, method, agent: false }, (response) => {
        response.resume()
        resolve(response.statusCode)
      }).on('error', reject).end())
    const base = await served
    ${code}`
  // The debug log tells the port; it goes to stderr before the app runs, and all after it is checked.
  const waiting = `let told
    const write = process.stderr.write
    globalThis.served = new Promise((resolve) => { told = resolve })
    process.stderr.write = function (text, ...rest) {
      const [, base] = /pulled from (\\S+)\\/debug/.exec(text) ?? []
      return base ? (told(base), true) : write.call(this, text, ...rest)
    }`
  const { stdout, ...ended } = await runCode(source, {
    ...options,
    nodeArgs: [
      '--import',
      `data:text/javascript,${encodeURIComponent(waiting)}`,
      '--import',
      'spanprof/register',
    ],
    env: { SPANPROF_PULL: '127.0.0.1:0', NODE_DEBUG: 'spanprof', ...options.env },
  })
  expect(ended).toEqual({ code: 0, signal: null, stderr: '' })
  return stdout
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}

describe.concurrent('SPANPROF_PULL', () => {
  it('serves labelled profiles where nothing else is set', async () => {
    const [bytes] = await runPulled(`
      const done = work()
      const response = await fetch(base + '/debug/pprof/profile?seconds=0.5')
      print(Buffer.from(await response.arrayBuffer()).toString('base64'))
      working = false
      await done`)
    const { samples } = decodeProfile(Buffer.from(bytes, 'base64'))
    // V8 may have inlined the function that burns, so that its name is not to be counted on.
    const labelled = samples.filter(({ labels }) => labels.tenant === 'acme')
    expect(total(labelled, 'cpuNanos')).toBeGreaterThan(0.5 * total(samples, 'cpuNanos'))
  })

  it('lets the app end while somebody pulls from it', async () => {
    await runPulled(`
      await new Promise((resolve) => {
        const request = http.get(base + '/debug/pprof/profile?seconds=60', { agent: false })
        request.on('error', () => {})
        request.on('socket', (socket) => socket.unref().on('connect', () => setTimeout(resolve, 50)))
      })`)
  })

  it('answers programs on this machine, and no web page', async () => {
    const [statuses] = await runPulled(`
      const path = '/debug/pprof/profile?seconds=x'
      const { port } = new URL(base)
      print(await Promise.all([
        status(path),
        status(path, { headers: { host: 'localhost:' + port } }),
        status(path, { headers: { host: '[::1]:' + port } }),
        status(path, { headers: { host: 'rebound.example:' + port } }),
        status(path, { headers: { host: '127.0.0.1.example' } }),
        status(path, { headers: { 'sec-fetch-site': 'cross-site' } }),
        status(path, { headers: { 'sec-fetch-site': 'none' } }),
        status('/'),
        status(path, { method: 'POST' }),
      ]))`)
    expect(statuses).toEqual([400, 400, 400, 403, 403, 403, 400, 404, 405])
  })
})

describe('SPANPROF_PULL that cannot be', () => {
  async function warningsOf(env: Record<string, string>) {
    const { code, stdout, stderr } = await runCode(`setTimeout(() => console.log('ran'), 50)`, {
      nodeArgs: ['--import', 'spanprof/register'],
      env,
    })
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'ran\n' })
    return stderr.match(/SpanprofWarning: .*/g)
  }

  it('as the port is taken, is told once, and the app goes on', async () => {
    const taken: Server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    const { port } = taken.address() as { port: number }
    const warnings = await warningsOf({ SPANPROF_PULL: `:${port}` })
    taken.close()
    expect(warnings).toEqual([expect.stringContaining('EADDRINUSE')])
  })

  it('as another process of the cluster has the port, is told there, and not shared', async () => {
    const free = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => free.once('listening', resolve))
    const { port } = free.address() as { port: number }
    await new Promise((resolve) => free.close(resolve))
    const directory = temporaryDirectory()
    const file = join(directory, 'cluster.mjs')
    writeFileSync(
      file,
      `import cluster from 'node:cluster'
      import { once } from 'node:events'
      if (cluster.isPrimary) {
        cluster.setupPrimary({ execArgv: ['--import', 'spanprof/register'] })
        for (const _ of [1, 2]) {
          await once(cluster.fork({ SPANPROF_PULL: '127.0.0.1:${port}' }), 'message')
        }
        console.log('ran')
        cluster.disconnect()
      } else {
        setTimeout(() => process.send('ran'), 50)
      }`,
    )
    const { stdout, stderr } = await runFile(file)
    expect(stdout).toBe('ran\n')
    expect(stderr.match(/SpanprofWarning: .*/g)).toEqual([expect.stringContaining('EADDRINUSE')])
  })

  it('as it is no address, is told once, and the app is profiled all the same', async () => {
    const directory = temporaryDirectory()
    const warnings = await warningsOf({ SPANPROF_PULL: 'x', SPANPROF_OUTPUT_DIR: directory })
    expect(warnings).toEqual([expect.stringContaining('SPANPROF_PULL must be an address')])
  })
})
