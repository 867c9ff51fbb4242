import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { type DecodedSample, decodeDirectory, having, samplesOf, total } from './decoded-profile.ts'
import { temporaryDirectory } from './program.ts'

const DEMO = fileURLToPath(new URL('../examples/shop/demo.mjs', import.meta.url))
const HOTTEST = { acme: 'priceCart', globex: 'signInvoice', initech: 'searchCatalog' }

it('shows each tenant’s known hottest function first, as the profile it names has it', async () => {
  const directory = temporaryDirectory()
  // Rejects when the exit code is not 0.
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [DEMO, '--seconds', '3'], {
    cwd: directory,
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  expect(stderr).toBe('')

  const lines = stdout.split('\n')
  const samples = samplesOf(decodeDirectory(join(directory, 'profiles')))
  for (const [tenant, hottest] of Object.entries(HOTTEST)) {
    const at = lines.findIndex((line) => line.startsWith(`${tenant} `))
    const its = samples.filter(({ labels }) => labels.tenant === tenant)
    expect(lines[at + 1]).toMatch(new RegExp(`^ {2}${hottest} `))
    expect(lastMillis(lines[at])).toBe(wholeMillis(its))
    expect(lastMillis(lines[at + 1])).toBe(wholeMillis(having(its, hottest)))
  }
  expect(stdout).toContain('Work seen under a tenant that never asked for it: 0 ms.')

  const command = /go tool pprof -http=: (\S+\.pb\.gz)/.exec(stdout)
  expect(existsSync(join(directory, command?.[1] ?? 'no command'))).toBe(true)
})

/** What spanprof saw, which stands in the last column. */
function lastMillis(line = ''): number {
  return Number([...line.matchAll(/([\d,]+) ms/g)].at(-1)?.[1]?.replaceAll(',', ''))
}

function wholeMillis(samples: DecodedSample[]): number {
  return Math.round(total(samples, 'cpuNanos') / 1e6)
}
