import { median } from './median.mjs'
import { withScratchDirectory } from './scratch-directory.mjs'
import { labelledShare, measureServers, measureUnderLoad, ratiosBetween } from './server-cost.mjs'
import { atMost } from './target.mjs'
import { times } from './units.mjs'

export const title = 'CPU per request with OpenTelemetry'

export const measures =
  "An Express 5 server traced by the OpenTelemetry SDK 2 with its instrumentations for HTTP and Express and a span around each of five queries, every trace sampled, a batch span processor and an exporter that drops the spans; load, CPU time and ratios as for the server above, from its 10,000th request on. `v8` is spanprof without OpenTelemetry, `root-span` its SpanProfilesProcessor as it is, `all-spans` with the scope of both labels so; `datadog` has a span's id and trace as its context at every `with` of the context manager, but where it is in force already (on Node.js 20 kept up to date by an async hook), `datadog-constant` one context for all."

const PEERS = ['datadog-constant', 'datadog']
const MODES = ['base', 'v8', 'root-span', 'all-spans', ...PEERS]

export async function run({ quick, say }) {
  const plan = quick
    ? { rounds: 1, warmUpRequests: 3_000, measuredMillis: 3_000 }
    : { rounds: 5, warmUpRequests: 10_000, measuredMillis: 10_000 }
  return measureServers({
    rounds: plan.rounds,
    modes: MODES,
    peers: PEERS,
    say,
    labelled: 'handler samples with a span',
    measureServer: (node, mode) => measureServer(node, mode, plan),
    targetsOf,
  })
}

function measureServer(node, mode, plan) {
  return withScratchDirectory(async (directory) => {
    const args = [mode, plan.measuredMillis, directory]
    const figures = await measureUnderLoad({ node, program: 'span-server.mjs', args }, plan)
    return { ...figures, labelledShare: await labelledShare(directory, 'span_id') }
  })
}

function targetsOf({ major }, rounds) {
  if (major !== 24) return []
  const root = ratiosBetween('root-span', 'base', rounds)
  const all = ratiosBetween('all-spans', 'base', rounds)
  const toDatadog = median(ratiosBetween('root-span', 'datadog', rounds))
  const difference = median(all.map((ratio, i) => ratio - root[i]))
  return [
    atMost(`Node.js ${major}: root-span / base`, median(root), 1.08, times),
    atMost(`Node.js ${major}: root-span / datadog`, toDatadog, 0.85, times),
    atMost(`Node.js ${major}: all-spans over root-span, of base`, difference, 0.03, times),
  ]
}
