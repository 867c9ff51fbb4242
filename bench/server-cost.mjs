import autocannon from 'autocannon'
import { median } from './median.mjs'
import { nodes, PEER_MAJORS } from './node-versions.mjs'
import { measurePeer } from './peer.mjs'
import { countOf, samplesIn } from './profile-files.mjs'
import { RunningProgram } from './program.mjs'
import { micros, percent, times } from './units.mjs'

const CONNECTIONS = 20
const TENANTS = ['acme', 'globex', 'initech', 'umbrella']

/**
 * Measures a server with each of some profilers on every Node.js that the peers run on, and sums up.
 *
 * @param measureServer `(node, mode) => figures`, of `measureUnderLoad` and with `labelledShare`.
 * @param labelled what `labelledShare` counts.
 * @param targetsOf `(node, rounds) => targets`
 */
export async function measureServers({
  rounds,
  modes,
  peers,
  say,
  labelled,
  measureServer,
  targetsOf,
}) {
  const rows = []
  const targets = []
  for (const node of nodes(PEER_MAJORS)) {
    const measured = await measureRounds({
      rounds,
      modes,
      peers,
      say: (text) => say(`Node.js ${node.major}, ${text}`),
      measureServer: (mode) => measureServer(node, mode),
    })
    rows.push(...modes.map((mode) => costRow(node, mode, measured)))
    targets.push(...targetsOf(node, measured))
  }
  return { tables: [{ columns: costColumns(labelled), rows }], targets }
}

/**
 * Measures a server under load with each of some profilers, round by round.
 *
 * @param modes the profilers, `base` for none; `peers` are those that may not run here.
 * @param measureServer `(mode) => figures`, of `measureUnderLoad` and with `labelledShare`.
 * @returns for each round what was measured, by mode.
 */
async function measureRounds({ rounds, modes, peers, say, measureServer }) {
  const measured = []
  for (let i = 0; i < rounds; i++) {
    say(`round ${i + 1} of ${rounds}`)
    const round = {}
    for (const mode of modes) {
      const measure = () => measureServer(mode)
      round[mode] = await (peers.includes(mode) ? measurePeer(measure) : measure())
    }
    measured.push(round)
  }
  return measured
}

/** CPU time of the whole process per request, and latency, once the server is warm; then kills it. */
export async function measureUnderLoad(
  { node, program, args },
  { warmUpRequests, measuredMillis },
) {
  const { running, first } = await RunningProgram.start({ node, program, args })
  try {
    await load(first.url, { amount: warmUpRequests })
    const before = await running.ask('so far')
    const { latency } = await load(first.url, { duration: measuredMillis / 1000 })
    const after = await running.ask('so far')
    const cpuMicros = after.cpuMicros - before.cpuMicros
    return {
      cpuMicrosPerRequest: cpuMicros / (after.handled - before.handled),
      latencyP99Millis: latency.p99,
    }
  } finally {
    await running.kill()
  }
}

async function load(url, options) {
  const result = await autocannon({
    url,
    connections: CONNECTIONS,
    requests: TENANTS.map((tenant) => ({ path: '/cart', headers: { 'x-tenant': tenant } })),
    ...options,
  })
  if (result.errors + result.non2xx > 0) throw new Error('requests have failed')
  return result
}

/**
 * Proves that a profiler did what it was measured for: the share of samples with a label, of those in
 * the end of a request's handler, after its awaits. NaN without a profile.
 */
export async function labelledShare(directory, key) {
  const samples = await samplesIn(directory)
  const inHandler = samples.filter(({ functions }) => functions.some(isEndOfHandler))
  const labelled = inHandler.filter(({ labels }) => labels[key] !== undefined)
  return countOf(labelled) / countOf(inHandler)
}

/** Some profilers put more into a name than the function's own. */
function isEndOfHandler(name) {
  return /\bcartChecksum\b/.test(name)
}

/** The columns of `costRow`, with a name for what `labelledShare` counts. */
function costColumns(labelled) {
  return [
    'Node.js',
    'profiler',
    'CPU per request',
    'ratio to base',
    'least',
    'most',
    'latency p99',
    labelled,
  ]
}

function costRow({ version }, mode, rounds) {
  const measured = rounds.map((round) => round[mode])
  const failure = measured.find(({ failed }) => failed)
  if (failure) return [version, mode, failure.failed, ...Array(5).fill('–')]
  const ratios = ratiosBetween(mode, 'base', rounds)
  const medianOf = (figure) => median(measured.map((figures) => figures[figure]))
  return [
    version,
    mode,
    micros(medianOf('cpuMicrosPerRequest')),
    times(median(ratios)),
    times(Math.min(...ratios)),
    times(Math.max(...ratios)),
    `${medianOf('latencyP99Millis')} ms`,
    percent(medianOf('labelledShare')),
  ]
}

/** Of each round. */
export function ratiosBetween(mode, other, rounds) {
  return rounds.map((round) => round[mode].cpuMicrosPerRequest / round[other].cpuMicrosPerRequest)
}
