import { median } from './median.mjs'
import { nodes, PEER_MAJORS } from './node-versions.mjs'
import { RunningProgram } from './program.mjs'
import { withScratchDirectory } from './scratch-directory.mjs'
import { atMost } from './target.mjs'
import { micros, millis, percent } from './units.mjs'

export const title = 'Cost as spans grow'

export const measures =
  'A program that does 10,000 units of work a second, about 50 µs each, in 100 spans of a hundred units or in 10,000 spans of one unit, all of them local roots: CPU time of the process, all threads, a second, unprofiled and profiled. The extra CPU is what the additional spans cost more with the profiler than without, as a share of all the CPU time of the profiled program at 10,000 spans a second; the median over rounds of all four by turns.'

const PROFILERS = ['base', 'root-span']
const FEW = 100
const MANY = 10_000

export async function run({ quick, say }) {
  const plan = quick ? { rounds: 2, seconds: 1 } : { rounds: 11, seconds: 3 }
  const rows = []
  const targets = []
  for (const node of nodes(PEER_MAJORS)) {
    const rounds = await measure(node, plan, (text) => say(`Node.js ${node.major}, ${text}`))
    const extraShares = rounds.map((round) => extraMillis(round) / round['root-span'][MANY])
    rows.push(row(node, rounds, extraShares))
    targets.push(atMost(`Node.js ${node.major}: extra CPU`, median(extraShares), 0.02, percent))
  }
  return { tables: [{ columns: COLUMNS, rows }], targets }
}

/** @returns for each round the CPU milliseconds a second, by profiler and spans a second. */
function measure(node, plan, say) {
  return withScratchDirectory(async (directory) => {
    const programs = {}
    try {
      for (const profiler of PROFILERS) {
        const args = [profiler, directory]
        const started = await RunningProgram.start({ node, program: 'span-rates.mjs', args })
        programs[profiler] = started.running
      }
      const rounds = []
      for (let i = 0; i < plan.rounds; i++) {
        say(`round ${i + 1} of ${plan.rounds}`)
        rounds.push(await measureRound(programs, plan))
      }
      return rounds
    } finally {
      for (const running of Object.values(programs)) await running.kill()
    }
  })
}

async function measureRound(programs, { seconds }) {
  const measured = {}
  for (const spansASecond of [FEW, MANY]) {
    for (const profiler of PROFILERS) {
      const { cpuMicros } = await programs[profiler].ask({ spansASecond, seconds })
      measured[profiler] = { ...measured[profiler], [spansASecond]: cpuMicros / 1000 / seconds }
    }
  }
  return measured
}

/** What the additional spans cost more with the profiler than without, a second. */
function extraMillis({ base, 'root-span': profiled }) {
  return profiled[MANY] - profiled[FEW] - (base[MANY] - base[FEW])
}

const COLUMNS = [
  'Node.js',
  ...PROFILERS.flatMap((profiler) => [
    `${profiler}, ${FEW} spans/s`,
    `${profiler}, ${MANY} spans/s`,
  ]),
  'extra CPU a span',
  'extra CPU',
  'least',
  'most',
]

function row({ version }, rounds, extraShares) {
  const medianOf = (profiler, spansASecond) =>
    millis(median(rounds.map((round) => round[profiler][spansASecond])))
  return [
    version,
    ...PROFILERS.flatMap((profiler) => [medianOf(profiler, FEW), medianOf(profiler, MANY)]),
    micros((median(rounds.map(extraMillis)) * 1000) / (MANY - FEW)),
    percent(median(extraShares)),
    percent(Math.min(...extraShares)),
    percent(Math.max(...extraShares)),
  ]
}
