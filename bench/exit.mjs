import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { median, sum } from './median.mjs'
import { ALL_MAJORS, nodes } from './node-versions.mjs'
import { countOf, samplesIn } from './profile-files.mjs'
import { ownEnvironment, ProgramError } from './program.mjs'
import { withScratchDirectory } from './scratch-directory.mjs'
import { atLeast, atMost } from './target.mjs'
import { count, millis, times } from './units.mjs'

export const title = 'Flush at exit'

export const measures =
  "How long the end of a process takes longer with spanprof: its exit handler, between a handler that was registered before it and one after it, and the whole end (from the process's last own statement until the system reports that it is gone) beside a twin without a profiler; and how many samples of its last 100 ms are in the file, against those of the 100 ms before them."

const ENDINGS = ['process.exit()', 'natural end', 'uncaught exception']
const PROGRAM = fileURLToPath(new URL('programs/exit.mjs', import.meta.url))

export async function run({ quick, say }) {
  const runs = quick ? 2 : 20
  const rows = []
  const targets = []
  for (const node of nodes(ALL_MAJORS)) {
    const endings = []
    for (const ending of ENDINGS) {
      say(`Node.js ${node.major}, ${ending}`)
      const measured = await measureEnding(node, ending, runs)
      rows.push(row(node, ending, measured))
      endings.push(measured)
    }
    targets.push(...targetsOf(node, endings))
  }
  return { tables: [{ columns: COLUMNS, rows }], targets }
}

async function measureEnding(node, ending, runs) {
  const profiled = []
  const bare = []
  for (let i = 0; i < runs; i++) {
    profiled.push(await endOnce(node, ending, 'spanprof'))
    bare.push(await endOnce(node, ending, 'bare'))
  }
  return {
    runs,
    flushMillis: profiled.map(({ flushMillis }) => flushMillis),
    wholeMillis: median(profiled.map(({ wholeMillis }) => wholeMillis)),
    bareMillis: median(bare.map(({ wholeMillis }) => wholeMillis)),
    lastSamples: sum(profiled.map(({ lastSamples }) => lastSamples)),
    samplesBefore: sum(profiled.map(({ samplesBefore }) => samplesBefore)),
  }
}

function endOnce(node, ending, profiled) {
  return withScratchDirectory(async (outputDir) => {
    const child = spawn(node.binary, [PROGRAM, ending, profiled, outputDir], {
      env: ownEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [output, complaints, goneNanos] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      // The clock is the system's: both processes read the same.
      once(child, 'exit').then(() => process.hrtime.bigint()),
    ])
    if (output === '') throw new ProgramError(complaints)
    const { flushMillis, leavingNanos } = JSON.parse(output)
    const wholeMillis = Number(goneNanos - BigInt(leavingNanos)) / 1e6
    const samples = await samplesIn(outputDir)
    return {
      flushMillis,
      wholeMillis,
      lastSamples: samplesOf('burnLast', samples),
      samplesBefore: samplesOf('burnBefore', samples),
    }
  })
}

function samplesOf(name, samples) {
  return countOf(samples.filter(({ functions }) => functions.includes(name)))
}

const COLUMNS = [
  'Node.js',
  'end',
  'runs',
  'exit handler, median',
  'longest',
  'whole end',
  'without spanprof',
  'samples of the last 100 ms',
  'of those before',
]

function row(node, ending, measured) {
  const { runs, flushMillis, wholeMillis, bareMillis, lastSamples, samplesBefore } = measured
  return [
    node.version,
    ending,
    count(runs),
    millis(median(flushMillis)),
    millis(Math.max(...flushMillis)),
    millis(wholeMillis),
    millis(bareMillis),
    count(lastSamples),
    count(samplesBefore),
  ]
}

function targetsOf({ major }, endings) {
  const longest = Math.max(...endings.flatMap(({ flushMillis }) => flushMillis))
  const last = sum(endings.map(({ lastSamples }) => lastSamples))
  const before = sum(endings.map(({ samplesBefore }) => samplesBefore))
  return [
    atMost(`Node.js ${major}: longest flush`, longest, 50, millis),
    // 100 ms have nine samples or ten; a window without its last 20 ms would show as 0.8.
    atLeast(`Node.js ${major}: samples of the last 100 ms / before`, last / before, 0.97, times),
  ]
}
