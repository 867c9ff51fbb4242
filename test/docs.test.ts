import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { runFile, withoutLongPauses } from './program.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const pages = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
]

/** The JavaScript of a page, each block a whole program. */
function examplesOf(page: string): string[] {
  const text = readFileSync(join(ROOT, page), 'utf8')
  return [...text.matchAll(/^```(?:js|ts)\n(.*?)^```$/gms)].map(([, code]) => code as string)
}

/** Inside the package, so that `spanprof` means it. */
function workingDirectory(): string {
  mkdirSync(join(ROOT, '.cache'), { recursive: true })
  const directory = mkdtempSync(join(ROOT, '.cache', 'docs-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

describe.each(pages)('%s', (page) => {
  it.each(examplesOf(page).map((code, i) => ({ number: i + 1, code })))(
    'has an example $number that runs',
    async ({ code }) => {
      const cwd = workingDirectory()
      writeFileSync(join(cwd, 'example.mjs'), code)
      const { stderr, ...ended } = await runFile(join(cwd, 'example.mjs'), { cwd })
      expect(withoutLongPauses(stderr)).toBe('')
      expect(ended).toMatchObject({ code: 0, signal: null })
    },
  )

  it('links to files that exist', () => {
    const text = readFileSync(join(ROOT, page), 'utf8')
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link]) => link as string)
    const base = new URL(`../${page}`, import.meta.url)
    for (const link of links)
      expect(() => readFileSync(new URL(link, base)), link).not.toThrow('ENOENT')
  })
})
