import { slope } from './median.mjs'
import { nodes, PEER_MAJORS } from './node-versions.mjs'
import { runProgram } from './program.mjs'
import { withScratchDirectory } from './scratch-directory.mjs'
import { atMost } from './target.mjs'
import { count, megabytes, megabytesPerMinute } from './units.mjs'

/**
 * Measures the resident memory of a program over that of the same program unprofiled.
 *
 * @param profiled the program's first argument; `bare` is the one for no profiler.
 * @param counted what the program counts, `aSecond` in its answer.
 */
export async function measureMemory({ program, profiled, bare, counted }, { quick, say }) {
  const plan = quick
    ? { seconds: 20, readingSeconds: 1, shownSeconds: [2, 10, 20] }
    : { seconds: 600, readingSeconds: 10, shownSeconds: [60, 300, 600] }
  const measuredNodes = nodes(PEER_MAJORS)
  say(`Node.js ${measuredNodes.map(({ major }) => major).join(' and ')} at once`)
  // All at the same time: they hardly use the CPU.
  const measured = await Promise.all(
    measuredNodes.map((node) => measure({ node, program, profiled, bare, plan })),
  )
  return {
    tables: [
      {
        columns: columns(counted, plan),
        rows: measuredNodes.map((node, i) => row(node, measured[i], plan)),
      },
    ],
    targets: measuredNodes.flatMap((node, i) => targetsOf(node, measured[i])),
  }
}

/** @returns `[minutes, megabytes over the unprofiled program]`, and what was counted. */
async function measure({ node, program, profiled, bare, plan: { seconds, readingSeconds } }) {
  const measureOne = (profiler) =>
    withScratchDirectory((outputDir) =>
      runProgram({ node, program, args: [profiler, seconds, readingSeconds, outputDir] }),
    )
  const [ours, other] = await Promise.all([measureOne(profiled), measureOne(bare)])
  const points = ours.readings.map((reading, i) => {
    const { rssBytes } = other.readings[Math.min(i, other.readings.length - 1)]
    return [reading.seconds / 60, (reading.rssBytes - rssBytes) / 1e6]
  })
  return { points, aSecond: ours.aSecond }
}

function overBaseAt(points, seconds) {
  const [, over] = points.findLast(([minutes]) => minutes * 60 <= seconds + 1)
  return over
}

function secondHalf(points) {
  return points.slice(Math.floor(points.length / 2))
}

function columns(counted, { shownSeconds }) {
  return [
    'Node.js',
    `${counted} a second`,
    ...shownSeconds.map((seconds) => `over base at ${seconds} s`),
    'slope of the second half',
  ]
}

function row({ version }, { points, aSecond }, { shownSeconds }) {
  return [
    version,
    count(aSecond),
    ...shownSeconds.map((seconds) => megabytes(overBaseAt(points, seconds))),
    megabytesPerMinute(slope(secondHalf(points))),
  ]
}

function targetsOf({ major }, { points }) {
  const most = Math.max(...secondHalf(points).map(([, over]) => over))
  return [
    atMost(`Node.js ${major}: most over base in the second half`, most, 30, megabytes),
    // What a fit through the sawtooth of two garbage collectors can tell from flat.
    atMost(`Node.js ${major}: slope`, slope(secondHalf(points)), 1, megabytesPerMinute),
  ]
}
