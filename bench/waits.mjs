import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ALL_MAJORS, nodes } from './node-versions.mjs'
import { ownEnvironment, runProgram } from './program.mjs'
import { withScratchDirectory } from './scratch-directory.mjs'
import { between } from './target.mjs'
import { finePercent, percent } from './units.mjs'

export const title = 'Waits beside work'

export const measures =
  'A program that waits and works by turns, as long in a call as of CPU time, until it has used 5 s of CPU time: what share of the CPU time the function that waits is billed, and what share it used, read in the thread around each wait. For each CPU clock that spanprof may have to do with. Then what the sampler thread uses of a CPU, beside V8’s own sampling thread: the CPU time is read every 50 ms while the profiled thread is idle or works, and as often as samples come while it waits in calls.'

const CLOCKS = ['schedstat', 'threadCpuUsage', 'samplingInterval']
const WAITS = [
  ['Atomics.wait', 15],
  ['Atomics.wait', 25],
  ['Atomics.wait', 50],
  ['Atomics.wait', 100],
  ['Atomics.wait', 500],
  ['spawnSync', 30],
]
const TOLERATED = 0.03

export async function run({ quick, say }) {
  const cpuMillis = quick ? 500 : 5_000
  const shareRows = []
  const costRows = []
  const targets = []
  for (const node of nodes(ALL_MAJORS)) {
    for (const clock of CLOCKS.filter((each) => hasClock(node, each))) {
      for (const [how, millis] of WAITS) {
        say(`Node.js ${node.major}, ${clock}, ${how} of ${millis} ms`)
        const { billed, used } = await shares(node, [how, millis, cpuMillis, clock])
        shareRows.push([
          node.version,
          clock,
          `${how}, ${millis} ms`,
          percent(used),
          percent(billed),
        ])
        targets.push(shareTarget(node, clock, how, millis, billed - used))
      }
    }
    for (const what of ['idle', 'work', 'wait']) {
      say(`Node.js ${node.major}, sampler thread beside ${what}`)
      const { sampler, v8 } = await costs(node, what, quick ? 1_000 : 10_000)
      costRows.push([node.version, what, finePercent(sampler), finePercent(v8)])
    }
  }
  return {
    tables: [
      { caption: 'CPU time of the function that waits', columns: SHARE_COLUMNS, rows: shareRows },
      { caption: 'Of a CPU', columns: COST_COLUMNS, rows: costRows },
    ],
    targets,
  }
}

/** `process.threadCpuUsage()` exists from Node.js 22 on. */
function hasClock({ major }, clock) {
  return clock !== 'threadCpuUsage' || major >= 22
}

async function shares(node, args) {
  const { waited, cpuNanos, billed } = await turns(node, args)
  const { waiting = 0, working = 0, other = 0 } = billed
  return { used: waited.cpuNanos / cpuNanos, billed: waiting / (waiting + working + other) }
}

function costs(node, what, durationMillis) {
  return withScratchDirectory((outputDir) =>
    runProgram({ node, program: 'thread-costs.mjs', args: [what, durationMillis, outputDir] }),
  )
}

const TURNS = fileURLToPath(new URL('../test/programs/turns.mjs', import.meta.url))

async function turns({ binary }, args) {
  const { stdout } = await promisify(execFile)(binary, [TURNS, ...args.map(String)], {
    env: ownEnvironment(),
  })
  return JSON.parse(stdout)
}

const SHARE_COLUMNS = ['Node.js', 'CPU clock', 'waits', 'used', 'billed']
const COST_COLUMNS = ['Node.js', 'profiled thread', 'sampler thread', 'V8’s sampling thread']

function shareTarget({ major }, clock, how, millis, difference) {
  return between(
    `Node.js ${major}, ${clock}, ${how} of ${millis} ms: billed less used`,
    difference,
    [-TOLERATED, TOLERATED],
    percent,
  )
}
