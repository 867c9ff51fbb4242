import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DecodedSample, decodeDirectory, having, samplesOf, total } from './decoded-profile.ts'

const DEMO = fileURLToPath(new URL('../examples/shop/demo.mjs', import.meta.url))
const HOTTEST = {
  'POST /:tenant/checkout': 'priceCart',
  'POST /:tenant/invoice': 'signInvoice',
  'POST /:tenant/search': 'searchCatalog',
}
const TENANTS = ['acme', 'globex', 'initech']
const WORK = ['parseCatalog', 'priceCart', 'searchCatalog', 'signInvoice']
const SPAN_TITLE = /^(.+) of (\w+), a \w+ request, took ([\d,]+) ms, span_id ([0-9a-f]{16})$/

describe('the demo', () => {
  const directory = mkdtempSync(join(tmpdir(), 'spanprof-test-'))
  let stdout: string
  let stderr: string
  let lines: string[]
  let samples: DecodedSample[]

  beforeAll(async () => {
    // Rejects when the exit code is not 0.
    const ended = await promisify(execFile)(process.execPath, [DEMO, '--seconds', '5'], {
      cwd: directory,
      env: { ...process.env, NODE_OPTIONS: '' },
    })
    stdout = ended.stdout
    stderr = ended.stderr
    lines = stdout.split('\n')
    samples = samplesOf(decodeDirectory(join(directory, 'profiles')))
  })
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  it('warns of nothing and finds no label in the wrong place', () => {
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^Under a wrong span, route or tenant: 0 of [\d,]+ ms of work\.$/m)
    expect(stdout).toMatch(/^requests {3}([\d,]+), \1 of them traced$/m)
  })

  it.each(Object.entries(HOTTEST))(
    'shows of %s the known hottest function, %s, first, as the profile has it',
    (route, hottest) => {
      const at = lines.findIndex((line) => line.startsWith(`${route} `))
      const its = labelled('span_name', route)
      expect(lines[at + 1]).toMatch(new RegExp(`^ {2}${hottest} `))
      expect(seenMillis(lines[at])).toBe(wholeMillis(its))
      expect(seenMillis(lines[at + 1])).toBe(wholeMillis(having(its, hottest)))
    },
  )

  it.each(TENANTS)('shows the CPU time of %s as the profile has it', (tenant) => {
    const row = lines.find((line) => line.startsWith(`${tenant} `))
    expect(seenMillis(row)).toBe(wholeMillis(labelled('tenant', tenant)))
  })

  it('shows the three slowest spans, each with its own functions as the profile has them', () => {
    const titles = lines.flatMap((line, at) => {
      const title = SPAN_TITLE.exec(line)
      return title === null ? [] : [{ at, title }]
    })
    expect(titles).toHaveLength(3)
    expect(titles.map(({ title }) => millis(title[3]))).toEqual(
      titles.map(({ title }) => millis(title[3])).sort((a, b) => b - a),
    )
    for (const { at, title } of titles) {
      const [, route, tenant, , spanId] = title
      const its = labelled('span_id', spanId as string)
      for (const { labels } of its) expect(labels.span_name).toBe(route)
      for (const { labels } of working(its)) expect(labels.tenant).toBe(tenant)
      const rows = functionRows(lines.slice(at + 1))
      const work = rows.filter(({ name }) => WORK.includes(name))
      expect(work).toHaveLength(2)
      for (const { name, seen } of work) expect(seen).toBe(wholeMillis(having(its, name)))
      expect(rows.map(({ seen }) => seen)).toEqual(
        rows.map(({ seen }) => seen).sort((a, b) => b - a),
      )
    }
  })

  it('names profiles that are there in the commands to go on with', () => {
    const commands = lines.filter((line) => line.startsWith('  go tool pprof '))
    expect(commands).toHaveLength(3)
    for (const command of commands) {
      expect(existsSync(join(directory, /\S+\.pb\.gz$/.exec(command)?.[0] ?? 'none'))).toBe(true)
    }
  })

  function labelled(key: string, value: string): DecodedSample[] {
    return samples.filter(({ labels }) => labels[key] === value)
  }
})

/** Not Express, which has the span before the shop knows the tenant. */
function working(samples: DecodedSample[]): DecodedSample[] {
  return WORK.flatMap((name) => having(samples, name))
}

/** The indented lines right at the beginning; rows of several small functions stand last. */
function functionRows(lines: string[]): { name: string; seen: number }[] {
  const end = lines.findIndex((line) => !line.startsWith('  '))
  return lines
    .slice(0, end)
    .filter((line) => !/^ {2}\d+ others /.test(line))
    .map((line) => ({ name: line.slice(2).split(' ', 1)[0] as string, seen: seenMillis(line) }))
}

/** What spanprof saw, which stands in the last column; `-` is nothing. */
function seenMillis(line = ''): number {
  const column = line.slice(51, 71)
  return column.trim() === '-' ? 0 : millis(/([\d,]+) ms/.exec(column)?.[1])
}

function millis(text = ''): number {
  return Number(text.replaceAll(',', '') || Number.NaN)
}

function wholeMillis(samples: DecodedSample[]): number {
  return Math.round(total(samples, 'cpuNanos') / 1e6)
}
