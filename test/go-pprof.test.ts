import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
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
    const port = await freePort()
    const server = spawn('go', [
      'tool',
      'pprof',
      '-no_browser',
      `-http=127.0.0.1:${port}`,
      ...files,
    ])
    try {
      const lines = createInterface({ input: server.stderr })
      await new Promise<void>((resolve) => {
        lines.on('line', (line) => line.includes('Serving web UI') && resolve())
      })
      const page = await fetch(`http://127.0.0.1:${port}/ui/flamegraph`)
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

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
