import { nodes, PEER_MAJORS } from './node-versions.mjs'
import { measurePeer } from './peer.mjs'
import { runProgram } from './program.mjs'
import { withScratchDirectory } from './scratch-directory.mjs'
import { count, kilobytes, millis, times } from './units.mjs'

export const title = 'Encoding'

export const measures =
  "A profile of 60 s of the TypeScript compiler, from V8's data to the bytes of a gzipped pprof file: how long it takes, the CPU time of the process for it, and how long it keeps the main thread. spanprof folds in its own thread and so has only its last window left to take from the main one."

const PROFILERS = [
  { profiler: 'spanprof', program: 'encoding-spanprof.mjs', measured: (measure) => measure() },
  { profiler: '@datadog/pprof', program: 'encoding-datadog.mjs', measured: measurePeer },
]

export async function run({ quick, say }) {
  const profiledMillis = quick ? 5_000 : 60_000
  const rows = []
  for (const node of nodes(PEER_MAJORS)) {
    const measurements = []
    for (const { profiler, program, measured } of PROFILERS) {
      say(`Node.js ${node.major}, ${profiler}`)
      const measure = () => measureEncoding(node, program, profiledMillis)
      measurements.push({ profiler, ...(await measured(measure)) })
    }
    const datadog = measurements.at(-1)
    rows.push(...measurements.map((measurement) => row(node, measurement, datadog)))
  }
  return { tables: [{ columns: COLUMNS, rows }], targets: [] }
}

function measureEncoding(node, program, profiledMillis) {
  return withScratchDirectory((outputDir) =>
    runProgram({ node, program, args: [profiledMillis, outputDir] }),
  )
}

const COLUMNS = [
  'Node.js',
  'profiler',
  'samples',
  'bytes',
  'took',
  'CPU time',
  'main thread',
  "main thread / @datadog/pprof's",
]

function row({ version }, measurement, datadog) {
  const { profiler, failed, samples, bytes, wallMillis, cpuMillis, mainMillis } = measurement
  if (failed) return [version, profiler, failed, ...COLUMNS.slice(3).map(() => '–')]
  return [
    version,
    profiler,
    count(samples),
    kilobytes(bytes / 1000),
    millis(wallMillis),
    millis(cpuMillis),
    millis(mainMillis),
    times(mainMillis / datadog.mainMillis),
  ]
}
