import autocannon from 'autocannon'
import { startIngestServer } from './ingest-server.mjs'
import { median } from './median.mjs'
import { nodes, PEER_MAJORS } from './node-versions.mjs'
import { measurePeer } from './peer.mjs'
import { countOf, samplesIn } from './profile-files.mjs'
import { RunningProgram } from './program.mjs'
import { withScratchDirectory } from './scratch-directory.mjs'
import { atMost } from './target.mjs'
import { micros, percent, times } from './units.mjs'

export const title = 'CPU per request'

export const measures =
  "An Express server with a request context of its own, under load of 20 connections: the process's CPU time, all threads, per request, from its 15,000th request on for exactly one interval between two flushes (10 s), so that each profiler's encoding and writing or uploading is in it once; five rounds of all profilers by turns. A ratio is the median of the rounds' ratios to the unprofiled server of the same round. `v8` is spanprof without labels; `datadog` has a context per request, `datadog-constant` one for all."

const PEERS = ['datadog', 'datadog-constant', 'pyroscope']
const MODES = ['base', 'v8', 'spanprof', ...PEERS]
const CONNECTIONS = 20
const TENANTS = ['acme', 'globex', 'initech', 'umbrella']

export async function run({ quick, say }) {
  const plan = quick
    ? { rounds: 1, warmUpRequests: 3_000, measuredMillis: 3_000 }
    : { rounds: 5, warmUpRequests: 15_000, measuredMillis: 10_000 }
  const rows = []
  const targets = []
  for (const node of nodes(PEER_MAJORS)) {
    const rounds = []
    for (let i = 0; i < plan.rounds; i++) {
      say(`Node.js ${node.major}, round ${i + 1} of ${plan.rounds}`)
      rounds.push(await measureRound(node, plan))
    }
    const figures = MODES.map((mode) => figuresOf(mode, rounds))
    rows.push(...figures.map((each) => row(node, each)))
    targets.push(...targetsOf(node, rounds))
  }
  return { tables: [{ columns: COLUMNS, rows }], targets }
}

/** @returns what was measured, by mode. */
async function measureRound(node, plan) {
  const measured = {}
  for (const mode of MODES) {
    const measure = () => measureServer(node, mode, plan)
    measured[mode] = await (PEERS.includes(mode) ? measurePeer(measure) : measure())
  }
  return measured
}

function measureServer(node, mode, plan) {
  return withScratchDirectory(async (directory) => {
    const ingest = await startIngestServer(directory)
    try {
      const args = [mode, plan.measuredMillis, directory, ingest.address]
      const { running, first } = await RunningProgram.start({ node, program: 'server.mjs', args })
      const figures = await measureUnderLoad(running, first.port, plan)
      return { ...figures, labelledShare: labelledShare(await samplesIn(directory)) }
    } finally {
      ingest.close()
    }
  })
}

async function measureUnderLoad(running, port, { warmUpRequests, measuredMillis }) {
  try {
    await load(port, { amount: warmUpRequests })
    const before = await running.ask('so far')
    const { latency } = await load(port, { duration: measuredMillis / 1000 })
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

/**
 * Proves that a profiler did what it was measured for: the share of samples with labels, of those in
 * the end of a request's handler, after its awaits. NaN without a profile.
 */
function labelledShare(samples) {
  const inHandler = samples.filter(({ functions }) => functions.some(isEndOfHandler))
  const labelled = inHandler.filter(({ labels }) => labels.tenant !== undefined)
  return countOf(labelled) / countOf(inHandler)
}

/** Some profilers put more into a name than the function's own. */
function isEndOfHandler(name) {
  return /\bcartChecksum\b/.test(name)
}

async function load(port, options) {
  const result = await autocannon({
    url: `http://127.0.0.1:${port}`,
    connections: CONNECTIONS,
    requests: TENANTS.map((tenant) => ({ path: '/cart', headers: { 'x-tenant': tenant } })),
    ...options,
  })
  if (result.errors + result.non2xx > 0) throw new Error('requests have failed')
  return result
}

function figuresOf(mode, rounds) {
  const failed = rounds.find((round) => round[mode].failed)
  if (failed) return { mode, failed: failed[mode].failed }
  return {
    mode,
    cpuMicrosPerRequest: median(rounds.map((round) => round[mode].cpuMicrosPerRequest)),
    latencyP99Millis: median(rounds.map((round) => round[mode].latencyP99Millis)),
    labelledShare: median(rounds.map((round) => round[mode].labelledShare)),
    ratios: ratiosBetween(mode, 'base', rounds),
  }
}

function ratiosBetween(mode, other, rounds) {
  return rounds.map((round) => round[mode].cpuMicrosPerRequest / round[other].cpuMicrosPerRequest)
}

const COLUMNS = [
  'Node.js',
  'profiler',
  'CPU per request',
  'ratio to base',
  'least',
  'most',
  'latency p99',
  'handler samples with labels',
]

function row(node, figures) {
  const { mode, failed, cpuMicrosPerRequest, ratios, latencyP99Millis, labelledShare } = figures
  if (failed) return [node.version, mode, failed, ...COLUMNS.slice(3).map(() => '–')]
  return [
    node.version,
    mode,
    micros(cpuMicrosPerRequest),
    times(median(ratios)),
    times(Math.min(...ratios)),
    times(Math.max(...ratios)),
    `${latencyP99Millis} ms`,
    percent(labelledShare),
  ]
}

function targetsOf({ major }, rounds) {
  if (major !== 24) return []
  const toBase = median(ratiosBetween('spanprof', 'base', rounds))
  const toDatadog = median(ratiosBetween('spanprof', 'datadog', rounds))
  return [
    atMost(`Node.js ${major}: spanprof / base`, toBase, 1.08, times),
    atMost(`Node.js ${major}: spanprof / datadog with contexts`, toDatadog, 0.85, times),
  ]
}
