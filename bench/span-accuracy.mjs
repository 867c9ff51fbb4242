import { ALL_MAJORS, nodes } from './node-versions.mjs'
import { countOf, samplesIn } from './profile-files.mjs'
import { runProgram } from './program.mjs'
import { withScratchDirectory } from './scratch-directory.mjs'
import { atLeast, atMost, below } from './target.mjs'
import { count, finePercent } from './units.mjs'

export const title = 'Span accuracy'

export const measures =
  "The mix of the label accuracy with forty spans at once for jobs, and with what only spans do: nested synchronously and at once, made active by `context.with`, functions and emitters bound by `context.bind`, children of other traces and of remote parents, spans that end while they are active or are renamed after their start, label scopes around and inside, work outside of all spans. Each span burns CPU in a function that it shares with no other for some seconds, with the scope `root-span` in its local root's; a sample (every 1 ms) with that function on its stack must carry that span's id, its trace's and the name it has in the end, and none outside of spans."

const SCOPES = ['root-span', 'all-spans']

export async function run({ quick, say }) {
  const durationMillis = quick ? 3_000 : 20_000
  const rows = []
  const targets = []
  for (const node of nodes(ALL_MAJORS)) {
    for (const scope of SCOPES) {
      say(`Node.js ${node.major}, ${scope}`)
      const measured = await measure(node, scope, durationMillis)
      rows.push(row(node, scope, measured))
      targets.push(...targetsOf(node, scope, measured))
    }
  }
  return { tables: [{ columns: COLUMNS, rows }], targets }
}

function measure(node, scope, durationMillis) {
  return withScratchDirectory(async (directory) => {
    const args = [scope, durationMillis, directory]
    const { spans, outside } = await runProgram({ node, program: 'span-mix.mjs', args })
    return judge(await samplesIn(directory), spans, outside)
  })
}

/** The function that a sample shows at work, as a number; undefined where it shows none. */
function burnAtWork({ functions }) {
  for (const name of functions) {
    const [, burn] = /^burn_(\d+)$/.exec(name) ?? []
    if (burn !== undefined) return Number(burn)
  }
}

function judge(samples, spans, outside) {
  const spansById = new Map(spans.map((span) => [span.spanId, span]))
  const counted = { samples: 0, wrongSpan: 0, wrongTrace: 0, wrongName: 0, unlabelled: 0 }
  for (const sample of samples) {
    const burn = burnAtWork(sample)
    if (burn === undefined) continue
    const times = countOf([sample])
    counted.samples += times
    const found =
      burn === outside ? faultsOutside(sample.labels) : faults(sample.labels, burn, spansById)
    for (const fault of found) counted[fault] += times
  }
  return { ...counted, spans: spans.length }
}

function faultsOutside({ span_id: spanId, trace_id: traceId, span_name: name }) {
  return [
    ...(spanId === undefined ? [] : ['wrongSpan']),
    ...(traceId === undefined ? [] : ['wrongTrace']),
    ...(name === undefined ? [] : ['wrongName']),
  ]
}

function faults({ span_id: spanId, trace_id: traceId, span_name: name }, burn, spansById) {
  if ([spanId, traceId, name].includes(undefined)) return ['unlabelled']
  const span = spansById.get(spanId)
  if (span?.burn !== burn) return ['wrongSpan']
  return [
    ...(traceId === span.traceId ? [] : ['wrongTrace']),
    ...(name === span.name ? [] : ['wrongName']),
  ]
}

const COLUMNS = [
  'Node.js',
  'scope',
  'spans to name',
  'busy samples',
  'wrong span_id',
  'wrong trace_id',
  'wrong span_name',
  'unlabelled',
  'share',
]

function row({ version }, scope, measured) {
  const { spans, samples, wrongSpan, wrongTrace, wrongName, unlabelled } = measured
  return [
    version,
    scope,
    count(spans),
    count(samples),
    count(wrongSpan),
    count(wrongTrace),
    count(wrongName),
    count(unlabelled),
    finePercent(unlabelled / samples),
  ]
}

function targetsOf({ major }, scope, measured) {
  const { samples, wrongSpan, wrongTrace, wrongName, unlabelled } = measured
  const of = `Node.js ${major}, ${scope}`
  const wrong = wrongSpan + wrongTrace + wrongName
  return [
    atLeast(`${of}: busy samples`, samples, 5_000, count),
    atMost(`${of}: with a wrong span_id, trace_id or span_name`, wrong, 0, count),
    below(`${of}: unlabelled`, unlabelled / samples, 0.001, finePercent),
  ]
}
