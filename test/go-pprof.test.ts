import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { profileFiles } from './decoded-profile.ts'
import { runProgram, temporaryDirectory } from './program.ts'

function goVersion(): string | undefined {
  try {
    return execFileSync('go', ['version'], { encoding: 'utf8' })
  } catch {
    return undefined
  }
}

const hasGo = goVersion() !== undefined
// In CI this must run: a machine without Go fails there instead of skipping.
const mustRun = process.env.REQUIRE_GO === '1'

// Go builds the tool when it is first used, which takes half a minute of two cores.
beforeAll(() => {
  if (hasGo) execFileSync('go', ['tool', '-n', 'pprof'], { stdio: 'pipe' })
}, 300_000)

describe.skipIf(!hasGo && !mustRun)('go tool pprof', () => {
  let directory = ''
  let files: string[] = []
  const pprof = (...args: string[]) =>
    execFileSync('go', ['tool', 'pprof', ...args, ...files], { encoding: 'utf8', stdio: 'pipe' })

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'spanprof-test-'))
    await runProgram('exit.mjs', { args: [directory, 'natural'] })
    files = profileFiles(directory).map((file) => join(directory, file))
  })
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  it('ranks functions by CPU time', () => {
    const top = pprof('-top')
    expect(top).toMatch(/^File: exit$/m)
    expect(top).toMatch(/^Type: cpu$/m)
    expect(top).toMatch(/% +(early|atTheEnd)$/m)
  })

  it('knows both sample types', () => {
    expect(pprof('-sample_index=samples', '-top')).toMatch(/^Type: samples$/m)
  })

  it('shows labels', () => {
    expect(pprof('-tags')).toMatch(/at: Total .*\n.*: end/)
    expect(pprof('-tagfocus=at=end', '-top')).toMatch(/atTheEnd$/m)
    expect(pprof('-tagfocus=at=end', '-top')).not.toMatch(/early$/m)
  })

  it('shows the source, line by line', () => {
    const list = pprof('-list', 'announce|exit.mjs')
    expect(list).toContain('test/programs/exit.mjs')
    expect(list).toContain("withLabels({ at: 'end' }, () => atTheEnd(300))")
  })

  it('serves its web view', async () => {
    // pprof takes a free port, which it names.
    const server = spawn('go', ['tool', 'pprof', '-no_browser', '-http=127.0.0.1:', ...files])
    try {
      const address = await new Promise<string>((resolve, reject) => {
        let said = ''
        server.stderr.on('data', (chunk) => {
          said += chunk
          const [, url] = /Serving web UI on (\S+)\n/.exec(said) ?? []
          if (url !== undefined) resolve(url)
        })
        server.on('close', () => reject(new Error(said)))
      })
      await listening(server, Number(new URL(address).port))
      const page = await fetch(`${address}/ui/flamegraph`)
      expect(await page.text()).toContain('atTheEnd')
    } finally {
      server.kill()
    }
  })
})

describe.skipIf(!hasGo && !mustRun)('go tool pprof with heap profiles', () => {
  let files: string[] = []
  const pprof = (...args: string[]) =>
    execFileSync('go', ['tool', 'pprof', '-top', ...args], { encoding: 'utf8', stdio: 'pipe' })

  beforeAll(async () => {
    const directory = temporaryDirectory()
    const heap = { samplingIntervalBytes: 65_536, maxPausePercent: 100 }
    await runProgram('heap.mjs', { args: [directory, JSON.stringify({ cpu: false, heap })] })
    files = profileFiles(directory).map((file) => join(directory, file))
  })

  it('ranks functions by the memory in use', () => {
    const top = pprof('-sample_index=inuse_space', files[0] as string)
    expect(top).toMatch(/^Type: inuse_space$/m)
    expect(top).toMatch(/\d+(\.\d+)?MB +\d+(\.\d+)?% +retainHalf$/m)
  })

  it('ranks functions by the number of objects', () => {
    const top = pprof('-sample_index=inuse_objects', files[0] as string)
    expect(top).toMatch(/^Type: inuse_objects$/m)
    expect(top).toMatch(/% +retainHalf$/m)
  })

  it('shows what has changed from one to the next', () => {
    const top = pprof('-diff_base', files[0] as string, files[1] as string)
    expect(top).toMatch(/^ +-\d+(\.\d+)?MB .* retainOtherHalf$/m)
  })
})

/** It names its address right before it listens there. */
async function listening(server: ChildProcess, port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return
    } catch (error) {
      if (server.exitCode !== null) throw error
    } finally {
      socket.destroy()
    }
  }
}
