import { startIngestServer } from './ingest-server.mjs'
import { ALL_MAJORS, nodes, PEER_MAJORS } from './node-versions.mjs'
import { measurePeer } from './peer.mjs'
import { countOf, samplesIn } from './profile-files.mjs'
import { runProgram } from './program.mjs'
import { withScratchDirectory } from './scratch-directory.mjs'
import { atMost, below } from './target.mjs'
import { count, finePercent } from './units.mjs'

export const title = 'Label accuracy'

export const measures =
  'Twenty jobs at once, each under one of eight labels, in a mix of promises, timers, immediates, ticks, callbacks, streams, events, fetch, nested scopes and functions bound by one job and called by another; each label burns CPU in a function of its own name, so that a sample (every 1 ms) with that function on its stack must carry that label. Peers follow labels in their own ways: @datadog/pprof with a context per scope (on Node.js 20 kept up to date by an async hook), @pyroscope/nodejs with `wrapWithLabels`.'

export async function run({ quick, say }) {
  const durationMillis = quick ? 3_000 : 20_000
  const rows = []
  const targets = []
  for (const node of nodes(ALL_MAJORS)) {
    const profilers = PEER_MAJORS.includes(node.major) ? ['datadog', 'pyroscope'] : []
    for (const profiler of ['spanprof', ...profilers]) {
      say(`Node.js ${node.major}, ${profiler}`)
      const measured = await measure(node, profiler, durationMillis)
      rows.push(row(node, profiler, measured))
      if (profiler === 'spanprof') targets.push(...targetsOf(node, measured))
    }
  }
  return { tables: [{ columns: COLUMNS, rows }], targets }
}

function measure(node, profiler, durationMillis) {
  const measured = () =>
    withScratchDirectory(async (directory) => {
      const ingest = await startIngestServer(directory)
      try {
        const args = [profiler, durationMillis, directory, ingest.address]
        await runProgram({ node, program: 'label-mix.mjs', args })
      } finally {
        ingest.close()
      }
      return judge(await samplesIn(directory))
    })
  return profiler === 'spanprof' ? measured() : measurePeer(measured)
}

/** The job that a sample shows at work; undefined where it shows none. */
function jobAtWork({ functions }) {
  for (const name of functions) {
    // Some profilers put more into a name than the function's own.
    const [, job] = /\bburn_(\d)\b/.exec(name) ?? []
    if (job !== undefined) return job
  }
}

function judge(samples) {
  const judged = samples.filter((sample) => jobAtWork(sample) !== undefined)
  return {
    samples: countOf(judged),
    mislabelled: countOf(
      judged.filter((sample) => isLabelled(sample) && sample.labels.job !== jobAtWork(sample)),
    ),
    unlabelled: countOf(judged.filter((sample) => !isLabelled(sample))),
  }
}

function isLabelled({ labels }) {
  return labels.job !== undefined
}

const COLUMNS = [
  'Node.js',
  'profiler',
  'busy samples',
  'mislabelled',
  'share',
  'unlabelled',
  'share',
]

function row(node, profiler, { failed, samples, mislabelled, unlabelled }) {
  if (failed) return [node.version, profiler, failed, ...COLUMNS.slice(3).map(() => '–')]
  return [
    node.version,
    profiler,
    count(samples),
    count(mislabelled),
    finePercent(mislabelled / samples),
    count(unlabelled),
    finePercent(unlabelled / samples),
  ]
}

function targetsOf({ major }, { samples, mislabelled, unlabelled }) {
  return [
    atMost(`Node.js ${major}: mislabelled samples`, mislabelled, 0, count),
    below(`Node.js ${major}: unlabelled samples`, unlabelled / samples, 0.001, finePercent),
  ]
}
