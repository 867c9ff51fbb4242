import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { renderReport } from './report.mjs'

const STORE = new URL('results.json', import.meta.url)
const REPORT = new URL('RESULTS.md', import.meta.url)

/** Puts a benchmark's section in the place of its last one, and writes the report anew. */
export async function storeSection(name, section, order) {
  const stored = existsSync(STORE) ? JSON.parse(await readFile(STORE, 'utf8')) : {}
  const all = { ...stored, [name]: section }
  const sections = Object.fromEntries(
    order.filter((known) => known in all).map((known) => [known, all[known]]),
  )
  await writeFile(STORE, `${JSON.stringify(sections, null, 2)}\n`)
  await writeFile(REPORT, renderReport(Object.values(sections)))
}
