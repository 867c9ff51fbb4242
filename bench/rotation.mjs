import { median, percentile, sum } from './median.mjs'
import { nodes, PEER_MAJORS } from './node-versions.mjs'
import { measurePeer } from './peer.mjs'
import { runProgram } from './program.mjs'
import { withScratchDirectory } from './scratch-directory.mjs'
import { atMost } from './target.mjs'
import { count, millis, percent, times } from './units.mjs'

export const title = 'Rotation pause'

export const measures =
  'How long taking a finished profile from V8 stalls the event loop while the TypeScript compiler checks JavaScript in that thread: for spanprof the calls that begin the next window and end the last one, timed in the profiled thread by wrappers around the two functions that are called; for @datadog/pprof `time.stop(true)` and the part of `encode` that runs on the main thread, every 10 s; for the inspector `Profiler.stop` and `Profiler.start` every 10 s. Whole interruptions also hold what the inspector does around these two calls and the one that joins labels: gaps in a loop that does nothing but read the clock, by turns with the compiler.'

const PEERS = [
  { profiler: '@datadog/pprof', program: 'rotation-datadog.mjs' },
  { profiler: 'inspector', program: 'rotation-inspector.mjs' },
]

export async function run({ quick, say }) {
  const rows = []
  const wholeRows = []
  const targets = []
  for (const node of nodes(PEER_MAJORS)) {
    say(`Node.js ${node.major}, spanprof`)
    const measured = await measureSpanprof(node, quick)
    const ours = figuresOf(measured)
    const whole = wholeFiguresOf(measured)
    const peers = []
    for (const { profiler, program } of PEERS) {
      say(`Node.js ${node.major}, ${profiler}`)
      peers.push({ profiler, ...(await measurePeerFigures(node, program, quick)) })
    }
    const [datadog] = peers
    const all = [{ profiler: 'spanprof', ...ours }, ...peers]
    rows.push(...all.map((figures) => row(node, figures, datadog)))
    wholeRows.push(wholeRow(node, whole))
    targets.push(...targetsOf(node, ours, datadog))
  }
  return {
    tables: [
      { caption: 'Rotations', columns: COLUMNS, rows },
      { caption: 'Whole interruptions by spanprof', columns: WHOLE_COLUMNS, rows: wholeRows },
    ],
    targets,
  }
}

function measureSpanprof(node, quick) {
  const [rotations, wholeRotations, timeoutMillis] = quick ? [20, 5, 20_000] : [220, 60, 300_000]
  return withScratchDirectory((outputDir) =>
    runProgram({
      node,
      program: 'rotation-spanprof.mjs',
      args: [rotations, wholeRotations, timeoutMillis, outputDir],
    }),
  )
}

async function measurePeerFigures(node, program, quick) {
  const [rotations, windowMillis] = quick ? [2, 3_000] : [6, 10_000]
  const measured = await measurePeer(() =>
    runProgram({ node, program, args: [rotations, windowMillis] }),
  )
  return measured.failed ? measured : figuresOf(measured)
}

function figuresOf({ pausesMillis, elapsedMillis, firstStartMillis, ownPauseMillis }) {
  return {
    rotations: pausesMillis.length,
    p50: median(pausesMillis),
    // Of a handful of rotations there is no 99th percentile.
    p99: pausesMillis.length >= 20 ? percentile(pausesMillis, 99) : Number.NaN,
    max: Math.max(...pausesMillis),
    share: sum(pausesMillis) / elapsedMillis,
    firstStartMillis,
    ownShare: ownPauseMillis / elapsedMillis,
  }
}

function wholeFiguresOf({ wholeMillis, meanPeriodMillis }) {
  return {
    rotations: wholeMillis.length,
    p50: median(wholeMillis),
    p99: percentile(wholeMillis, 99),
    max: Math.max(...wholeMillis),
    share: sum(wholeMillis) / wholeMillis.length / meanPeriodMillis,
  }
}

const COLUMNS = [
  'Node.js',
  'profiler',
  'rotations',
  'p50',
  'p99',
  'max',
  "p50 / @datadog/pprof's",
  'all rotations / time',
  'the same by stats()',
  'first start',
]

function row(node, figures, datadog) {
  const { profiler, failed } = figures
  if (failed) return [node.version, profiler, failed, ...COLUMNS.slice(3).map(() => '–')]
  return [
    node.version,
    profiler,
    count(figures.rotations),
    millis(figures.p50),
    millis(figures.p99),
    millis(figures.max),
    times(figures.p50 / datadog.p50),
    percent(figures.share),
    percent(figures.ownShare),
    millis(figures.firstStartMillis),
  ]
}

const WHOLE_COLUMNS = ['Node.js', 'rotations', 'p50', 'p99', 'max', 'all rotations / time']

function wholeRow({ version }, { rotations, p50, p99, max, share }) {
  return [version, count(rotations), millis(p50), millis(p99), millis(max), percent(share)]
}

function targetsOf({ major }, ours, datadog) {
  return [
    atMost(`Node.js ${major}: p99 of a rotation`, ours.p99, 3, millis),
    atMost(
      `Node.js ${major}: p99 of a rotation / median of @datadog/pprof`,
      ours.p99 / datadog.p50,
      0.1,
      times,
    ),
    atMost(`Node.js ${major}: all rotations / time`, ours.share, 0.01, percent),
  ]
}
