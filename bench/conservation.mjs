import { sum } from './median.mjs'
import { ALL_MAJORS, nodes } from './node-versions.mjs'
import { countOf, samplesIn } from './profile-files.mjs'
import { runProgram } from './program.mjs'
import { withScratchDirectory } from './scratch-directory.mjs'
import { between } from './target.mjs'
import { count, percent, times } from './units.mjs'

export const title = 'Conservation of samples and CPU time'

export const measures =
  "A thread kept busy over at least 30 windows, by code that is compiled once (steady) and by functions that are compiled, optimised and deoptimised all the time (fresh): all samples in the files times the sampling interval against the wall time, and all CPU time in the files against the thread's own, read in the thread. Then both kinds of code by turns of equal length: what each got in the files against how long it burnt."

const CODES = ['steady', 'fresh']
const INTERVAL_MILLIS = 10

export async function run({ quick, say }) {
  const busyMillis = quick ? 4_000 : 40_000
  const targets = []
  const busyRows = []
  const equalRows = []
  for (const node of nodes(ALL_MAJORS)) {
    for (const code of CODES) {
      say(`Node.js ${node.major}, ${code} code`)
      const busy = await measureBusy(node, code, busyMillis)
      busyRows.push(busyRow(node, code, busy))
      targets.push(...busyTargets(node, code, busy))
    }
    say(`Node.js ${node.major}, equal work`)
    const equal = await measureEqual(node, busyMillis)
    equalRows.push(equalRow(node, equal))
    targets.push(...equalTargets(node, equal))
  }
  return {
    tables: [
      { caption: 'Conservation', columns: BUSY_COLUMNS, rows: busyRows },
      { caption: 'Equal work', columns: EQUAL_COLUMNS, rows: equalRows },
    ],
    targets,
  }
}

function measureBusy(node, code, durationMillis) {
  return withScratchDirectory(async (outputDir) => {
    const { elapsedMillis, cpuNanos, stats } = await runProgram({
      node,
      program: 'conservation.mjs',
      args: [code, durationMillis, outputDir],
    })
    const inFiles = totalsOf(await samplesIn(outputDir))
    return {
      windows: stats.windows,
      samples: inFiles.samples,
      samplesOfWall: (inFiles.samples * INTERVAL_MILLIS) / elapsedMillis,
      cpuOfThread: inFiles.cpuNanos / cpuNanos,
    }
  })
}

function measureEqual(node, durationMillis) {
  return withScratchDirectory(async (outputDir) => {
    const burntMillis = await runProgram({
      node,
      program: 'equal-work.mjs',
      args: [durationMillis, outputDir],
    })
    const samples = await samplesIn(outputDir)
    const fresh = totalsOf(samples.filter(({ functions }) => functions.includes('freshTurn')))
    const steady = totalsOf(samples.filter(({ functions }) => functions.includes('steadyTurn')))
    const burnt = burntMillis.fresh / burntMillis.steady
    return {
      fresh,
      steady,
      samplesOfBurnt: fresh.samples / steady.samples / burnt,
      cpuOfBurnt: fresh.cpuNanos / steady.cpuNanos / burnt,
    }
  })
}

function totalsOf(samples) {
  return {
    samples: countOf(samples),
    cpuNanos: sum(samples.map(({ values }) => values.cpu)),
  }
}

const BUSY_COLUMNS = [
  'Node.js',
  'code',
  'windows',
  'samples',
  'samples × interval / wall time',
  "CPU time / thread's own",
]

function busyRow({ version }, code, { windows, samples, samplesOfWall, cpuOfThread }) {
  return [
    version,
    code,
    count(windows),
    count(samples),
    percent(samplesOfWall),
    percent(cpuOfThread),
  ]
}

function busyTargets({ major }, code, { samplesOfWall, cpuOfThread }) {
  return [
    between(
      `Node.js ${major}, ${code}: samples × interval / wall time`,
      samplesOfWall,
      [0.97, 1.005],
      percent,
    ),
    between(
      `Node.js ${major}, ${code}: CPU time / thread's own`,
      cpuOfThread,
      [0.98, 1.02],
      percent,
    ),
  ]
}

const EQUAL_COLUMNS = [
  'Node.js',
  'samples, fresh',
  'samples, steady',
  'ratio to time burnt',
  'CPU ratio to time burnt',
]

function equalRow({ version }, { fresh, steady, samplesOfBurnt, cpuOfBurnt }) {
  return [
    version,
    count(fresh.samples),
    count(steady.samples),
    times(samplesOfBurnt),
    times(cpuOfBurnt),
  ]
}

function equalTargets({ major }, { samplesOfBurnt, cpuOfBurnt }) {
  return [
    between(
      `Node.js ${major}, equal work: samples, fresh / steady`,
      samplesOfBurnt,
      [0.95, 1.05],
      times,
    ),
    between(
      `Node.js ${major}, equal work: CPU time, fresh / steady`,
      cpuOfBurnt,
      [0.95, 1.05],
      times,
    ),
  ]
}
