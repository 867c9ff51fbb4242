import { startIngestServer } from './ingest-server.mjs'
import { median } from './median.mjs'
import { withScratchDirectory } from './scratch-directory.mjs'
import { labelledShare, measureServers, measureUnderLoad, ratiosBetween } from './server-cost.mjs'
import { atMost } from './target.mjs'
import { times } from './units.mjs'

export const title = 'CPU per request'

export const measures =
  "An Express server with a request context of its own, under load of 20 connections: the process's CPU time, all threads, per request, from its 15,000th request on for exactly one interval between two flushes (10 s), so that each profiler's encoding and writing or uploading is in it once; five rounds of all profilers by turns. A ratio is the median of the rounds' ratios to the unprofiled server of the same round. `v8` is spanprof without labels; `datadog` has a context per request, `datadog-constant` one for all."

const PEERS = ['datadog', 'datadog-constant', 'pyroscope']
const MODES = ['base', 'v8', 'spanprof', ...PEERS]

export async function run({ quick, say }) {
  const plan = quick
    ? { rounds: 1, warmUpRequests: 3_000, measuredMillis: 3_000 }
    : { rounds: 5, warmUpRequests: 15_000, measuredMillis: 10_000 }
  return measureServers({
    rounds: plan.rounds,
    modes: MODES,
    peers: PEERS,
    say,
    labelled: 'handler samples with labels',
    measureServer: (node, mode) => measureServer(node, mode, plan),
    targetsOf,
  })
}

function measureServer(node, mode, plan) {
  return withScratchDirectory(async (directory) => {
    const ingest = await startIngestServer(directory)
    try {
      const args = [mode, plan.measuredMillis, directory, ingest.address]
      const figures = await measureUnderLoad({ node, program: 'server.mjs', args }, plan)
      return { ...figures, labelledShare: await labelledShare(directory, 'tenant') }
    } finally {
      ingest.close()
    }
  })
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
