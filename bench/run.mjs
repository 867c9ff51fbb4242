/**
 * Runs the benchmarks, one after the other, and writes RESULTS.md:
 *
 *   node bench/run.mjs                        all of them
 *   node bench/run.mjs rotation exit          these, leaving the others' results as they are
 *   node bench/run.mjs --quick                a smoke run, which writes nothing
 */
import { parseArgs } from 'node:util'
import { installPeers } from './install.mjs'

const BENCHMARKS = [
  'rotation',
  'requests',
  'spans',
  'labels',
  'span-accuracy',
  'span-growth',
  'conservation',
  'waits',
  'encoding',
  'exit',
  'memory',
  'span-memory',
  'import',
  'heap',
  'footprint',
  'upload',
  'server-down',
]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false } },
})
const unknown = positionals.filter((name) => !BENCHMARKS.includes(name))
if (unknown.length > 0) {
  console.error(`No benchmark '${unknown.join("', '")}'. There are: ${BENCHMARKS.join(', ')}`)
  process.exit(1)
}

installPeers()
// Only now, as these import what has just been installed.
const { environment } = await import('./environment.mjs')
const { renderSection } = await import('./report.mjs')
const { storeSection } = await import('./results.mjs')

const failed = []
for (const name of BENCHMARKS) {
  if (positionals.length === 0 || positionals.includes(name)) await runBenchmark(name)
}
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(', ')}`)
  process.exitCode = 1
}

async function runBenchmark(name) {
  const { title, measures, run } = await import(`./${name}.mjs`)
  const startedMillis = performance.now()
  const say = (text) => {
    const seconds = Math.round((performance.now() - startedMillis) / 1000)
    console.log(`${name} ${String(seconds).padStart(4)} s  ${text}`)
  }
  try {
    const outcome = await run({ quick: values.quick, say })
    say('done')
    const section = { title, measures, date: today(), environment: environment(), ...outcome }
    console.log(`\n${renderSection(section)}\n`)
    if (!values.quick) await storeSection(name, section, BENCHMARKS)
  } catch (error) {
    // The others are worth measuring all the same.
    console.error(error)
    failed.push(name)
  }
}

function today() {
  return new Date().toISOString().slice(0, 10)
}
