import { startIngestServer } from './ingest-server.mjs'
import { median } from './median.mjs'
import { ALL_MAJORS, nodes } from './node-versions.mjs'
import { measurePeer } from './peer.mjs'
import { runProgram } from './program.mjs'
import { withScratchDirectory } from './scratch-directory.mjs'
import { atMost } from './target.mjs'
import { count, millis, percent } from './units.mjs'

export const title = 'Heap profiles'

export const measures =
  'What reading a heap profile costs the app: the longest gap in an event loop that does nothing but come round, in each interval in which one profile is read, encoded and delivered, and the full garbage collections meanwhile. The heap holds small records in a map; both profilers sample every 512 KiB with 64 frames. The least time between two readings is what keeps them under 0.1 % of the time, the default of `heap.maxPausePercent`.'

/** The line in which `v8.startHeapProfile()` came. */
const FIRST_WITHOUT_COLLECTION = 26

export async function run({ quick, say }) {
  const [megabytes, reads, intervalMillis] = quick ? [100, 3, 1500] : [1000, 10, 6000]
  const args = [megabytes, reads, intervalMillis]
  const rows = []
  const targets = []
  for (const node of nodes(ALL_MAJORS)) {
    say(`Node.js ${node.major}, spanprof`)
    const ours = figuresOf(await measureSpanprof(node, args))
    say(`Node.js ${node.major}, @pyroscope/nodejs`)
    const theirs = figuresOf(await measurePeer(() => measurePyroscope(node, args)))
    rows.push(row(node, 'spanprof', ours), row(node, '@pyroscope/nodejs', theirs))
    if (node.major >= FIRST_WITHOUT_COLLECTION) targets.push(...targetsOf(node, ours))
  }
  return {
    tables: [{ caption: `Readings of a heap of ${megabytes} MB`, columns: COLUMNS, rows }],
    targets,
  }
}

function measureSpanprof(node, args) {
  return withScratchDirectory((outputDir) =>
    runProgram({ node, program: 'heap-spanprof.mjs', args: [...args, outputDir] }),
  )
}

function measurePyroscope(node, args) {
  return withScratchDirectory(async (directory) => {
    const { address, close } = await startIngestServer(directory)
    try {
      return await runProgram({ node, program: 'heap-pyroscope.mjs', args: [...args, address] })
    } finally {
      close()
    }
  })
}

function figuresOf({ failed, stallsMillis, collections, reads, ownPauseMillis }) {
  if (failed) return { failed }
  return {
    reads,
    median: median(stallsMillis),
    longest: Math.max(...stallsMillis),
    collectionsPerRead: collections / reads,
    own: ownPauseMillis / reads,
  }
}

const COLUMNS = [
  'Node.js',
  'profiler',
  'readings',
  'stall by one, median',
  'longest',
  'the mean by stats()',
  'full collections by one',
  'least time between two',
]

function row({ version }, profiler, figures) {
  const { failed, reads, median, longest, own, collectionsPerRead } = figures
  if (failed) return [version, profiler, failed, ...COLUMNS.slice(3).map(() => '–')]
  return [
    version,
    profiler,
    count(reads),
    millis(median),
    millis(longest),
    millis(own),
    percent(collectionsPerRead),
    profiler === 'spanprof' ? seconds(own) : 'no limit',
  ]
}

function seconds(pauseMillis) {
  return `${count(pauseMillis)} s`
}

function targetsOf({ major }, { median, collectionsPerRead }) {
  return [
    atMost(`Node.js ${major}: stall by a reading`, median, 20, millis),
    atMost(`Node.js ${major}: full collections by readings`, collectionsPerRead, 0, percent),
  ]
}
