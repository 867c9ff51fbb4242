import { slope } from './median.mjs'
import { nodes, PEER_MAJORS } from './node-versions.mjs'
import { runProgram } from './program.mjs'
import { withScratchDirectory } from './scratch-directory.mjs'
import { atMost } from './target.mjs'
import { count, megabytes, megabytesPerMinute } from './units.mjs'

export const title = 'Memory'

export const measures =
  'Resident memory of a program that switches labels about 10,000 times a second, with fresh labels for each task, over the same program unprofiled; both started at once and read every 10 s, with no collection forced. The slope is that of the straight line through the second half.'

export async function run({ quick, say }) {
  const plan = quick
    ? { seconds: 20, readingSeconds: 1, shownSeconds: [2, 10, 20] }
    : { seconds: 600, readingSeconds: 10, shownSeconds: [60, 300, 600] }
  const measuredNodes = nodes(PEER_MAJORS)
  say(`Node.js ${measuredNodes.map(({ major }) => major).join(' and ')} at once`)
  // All at the same time: they hardly use the CPU.
  const measured = await Promise.all(measuredNodes.map((node) => measure(node, plan)))
  return {
    tables: [
      {
        columns: columns(plan),
        rows: measuredNodes.map((node, i) => row(node, measured[i], plan)),
      },
    ],
    targets: measuredNodes.flatMap((node, i) => targetsOf(node, measured[i])),
  }
}

/** @returns `[minutes, megabytes over the unprofiled program]`, and how many switches there were. */
async function measure(node, { seconds, readingSeconds }) {
  const measureOne = (profiled) =>
    withScratchDirectory((outputDir) =>
      runProgram({
        node,
        program: 'label-switches.mjs',
        args: [profiled, seconds, readingSeconds, outputDir],
      }),
    )
  const [ours, bare] = await Promise.all([measureOne('spanprof'), measureOne('bare')])
  const points = ours.readings.map((reading, i) => {
    const other = bare.readings[Math.min(i, bare.readings.length - 1)]
    return [reading.seconds / 60, (reading.rssBytes - other.rssBytes) / 1e6]
  })
  return { points, switchesASecond: ours.switchesASecond }
}

function overBaseAt(points, seconds) {
  const [, over] = points.findLast(([minutes]) => minutes * 60 <= seconds + 1)
  return over
}

function secondHalf(points) {
  return points.slice(Math.floor(points.length / 2))
}

function columns({ shownSeconds }) {
  return [
    'Node.js',
    'switches a second',
    ...shownSeconds.map((seconds) => `over base at ${seconds} s`),
    'slope of the second half',
  ]
}

function row({ version }, { points, switchesASecond }, { shownSeconds }) {
  return [
    version,
    count(switchesASecond),
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
