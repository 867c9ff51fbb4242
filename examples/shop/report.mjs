import { largestDifference } from './comparison.mjs'
import { functionRows, groupRow, groupWithFunctions, heading, percent, whole } from './table.mjs'
import { paint } from './terminal.mjs'

/** By the stopwatch there is then so many times as much work as CPU time. */
const BUSY = 1.15

const COLUMNS = [
  'plan       share of the work that the shop was told to do',
  'stopwatch  what the shop measured itself, around each piece of work',
  'spanprof   CPU time in the profile',
]

/** Prints what the demo has found. */
export function report({ found, stats, files }) {
  const parts = [
    COLUMNS,
    [heading('CPU time by span_name'), ...found.routes.flatMap(groupWithFunctions)],
    [heading('The three slowest spans'), ...found.slowest.flatMap(slowSpan)],
    [heading('CPU time by tenant'), ...found.tenants.map(groupRow)],
    verdict(found, stats),
    ownFigures(found, stats),
    commands(found, files),
  ]
  for (const lines of parts) console.log(`\n${lines.join('\n')}`)
}

function slowSpan({ request: { span, tenant, size }, functions }) {
  const title = `${span.name} of ${tenant}, a ${size} request, took ${whole(span.millis)} ms, span_id ${span.spanId}`
  return [paint('bold', title), ...functionRows(functions)]
}

function verdict({ routes, workMillis, wrongMillis }, { samples }) {
  const told = routes.filter((each) => each.told.millis > 0)
  const { group, name, difference } = largestDifference(told)
  // Three standard errors of a share of a half, among the samples of one route: it is the largest
  // difference of several.
  const byChance = 3 * Math.sqrt((0.5 * 0.5 * told.length) / samples)
  return [
    `Under a wrong span, route or tenant: ${whole(wrongMillis)} of ${whole(workMillis)} ms of work.`,
    `Shares of a route’s work, stopwatch against spanprof: at most ${points(difference)} points apart`,
    `(${group}, ${name}). With this many samples, chance alone can reach ${points(byChance)}.`,
    ...busyMachine(told, workMillis),
  ]
}

function busyMachine(routes, workMillis) {
  const measuredMillis = routes.reduce((total, { measured }) => total + measured.millis, 0)
  if (measuredMillis < BUSY * workMillis) return []
  return ['The machine was busy: the stopwatch kept running while the shop waited for a CPU.']
}

function ownFigures({ requests, traced }, stats) {
  const { samples, unlabelledSamples, cpuNanos, pauseMicros, maxPauseMicros } = stats
  const unlabelled = percent(samples === 0 ? 0 : unlabelledSamples / samples)
  const pauses = `${millis(pauseMicros)} ms in total, ${millis(maxPauseMicros)} ms the longest`
  return [
    `requests   ${whole(requests)}, ${whole(traced)} of them traced`,
    `samples    ${whole(samples)} for ${whole(cpuNanos / 1e6)} ms of CPU time, ${unlabelled} without labels`,
    `pauses     ${pauses}, caused by spanprof`,
  ]
}

/** Each file by name: a pattern would take in those of earlier runs. */
function commands({ slowest }, files) {
  if (files.length === 0) return [paint('red', 'No profile was written.')]
  if (slowest.length === 0) return [paint('red', 'No request was traced.')]
  const names = ['', ...files].join(files.length === 1 ? ' ' : ' \\\n    ')
  const { name, spanId } = slowest[0].request.span
  return [
    'Look further (needs Go)',
    ...[
      '-http=: -tagroot=tenant,span_name',
      `-top -tagfocus='span_name=${name}'`,
      `-top -tagfocus='span_id=^${spanId}'`,
    ].map((options) => paint('green', `  go tool pprof ${options}${names}`)),
  ]
}

function points(share) {
  return (share * 100).toFixed(1)
}

function millis(micros) {
  return (micros / 1000).toFixed(1)
}
