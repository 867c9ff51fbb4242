import { median } from './median.mjs'
import { ALL_MAJORS, nodes } from './node-versions.mjs'
import { runProgram } from './program.mjs'
import { startSlowServer } from './slow-server.mjs'
import { atLeast, atMost } from './target.mjs'
import { count, mebibytes, millis } from './units.mjs'

export const title = 'Upload'

export const measures =
  "Delay of the event loop, by Node's `monitorEventLoopDelay`, while a profile of over 4 MiB is encoded, split and sent to a server that reads 512 KiB a second, against as long a time before, with the profiler running and nothing to upload. The profile has 15,000 label sets with long values; its size is that of the pprof before compression. Each row is the median of its rounds, what is added the median of their differences. Ends of windows fall into both phases."

const SERVER_BYTES_A_SECOND = 512 * 1024

export async function run({ quick, say }) {
  const rounds = quick ? 1 : 3
  const rows = []
  const targets = []
  for (const node of nodes(ALL_MAJORS)) {
    const measured = []
    for (let i = 0; i < rounds; i++) {
      say(`Node.js ${node.major}, round ${i + 1} of ${rounds}`)
      measured.push(await measure(node))
    }
    rows.push(row(node, 'quiet', measured), row(node, 'uploading', measured))
    targets.push(...targetsOf(node, measured))
  }
  return { tables: [{ columns: COLUMNS, rows }], targets }
}

async function measure(node) {
  const { address, uploadedBytes, close } = await startSlowServer(SERVER_BYTES_A_SECOND)
  try {
    const outcome = await runProgram({ node, program: 'upload.mjs', args: [address] })
    return { ...outcome, uploads: uploadedBytes.length }
  } finally {
    close()
  }
}

const COLUMNS = ['Node.js', 'phase', 'seconds', 'profile', 'uploads', 'mean', 'p99', 'max']

function row({ version }, phase, rounds) {
  const medianOf = (figureOf) => median(rounds.map(figureOf))
  const isUpload = phase === 'uploading'
  return [
    version,
    phase,
    medianOf((round) => round[phase].seconds).toFixed(1),
    isUpload ? mebibytes(medianOf(({ profileBytes }) => profileBytes)) : '–',
    isUpload ? count(medianOf(({ uploads }) => uploads)) : '–',
    ...['meanMillis', 'p99Millis', 'maxMillis'].map((figure) =>
      millis(medianOf((round) => round[phase][figure])),
    ),
  ]
}

function targetsOf({ major }, rounds) {
  const added = (figure) =>
    median(rounds.map(({ quiet, uploading }) => uploading[figure] - quiet[figure]))
  const leastBytes = Math.min(...rounds.map(({ profileBytes }) => profileBytes))
  return [
    atMost(`Node.js ${major}: added to the mean`, added('meanMillis'), 1, millis),
    atMost(`Node.js ${major}: added to the p99`, added('p99Millis'), 1, millis),
    atLeast(`Node.js ${major}: size of the profile`, leastBytes, 4 * 2 ** 20, mebibytes),
  ]
}
