import { compare, largestDifference, underWrongTenant } from './comparison.mjs'
import { tenants } from './tenants.mjs'
import { bar, paint } from './terminal.mjs'

/** What the shop was not told of is not shown one by one where it took less than this. */
const SMALL_SHARE = 0.05
const BAR_WIDTH = 12

/** Prints what the demo has found. */
export function report({ measured, seen, stats, requests, files }) {
  const compared = compare(tenants, measured, seen)
  console.log(`\n${paint('dim', columns('CPU time', 'told', 'own stopwatch', 'seen by spanprof'))}`)
  for (const tenant of compared) {
    console.log(paint('bold', row({ ...tenant, name: tenant.name || '(no tenant)' })))
    if (isSmall(tenant)) continue
    for (const each of smallOnesTogether(tenant.functions)) {
      console.log(`${row({ ...each, name: `  ${each.name}` })}  ${shareBar(each)}`.trimEnd())
    }
  }
  console.log(`\n${verdict(compared, stats.samples)}\n`)
  console.log(`${ownFigures(stats, requests)}\n`)
  console.log(commands(files))
}

function row({ name, told, measured, seen }) {
  return columns(name, told === 0 ? '-' : percent(told), time(measured), time(seen))
}

function columns(name, told, measured, seen) {
  return `${name.slice(0, 27).padEnd(27)}${told.padStart(6)}${measured.padStart(18)}${seen.padStart(20)}`
}

function shareBar({ told, seen }) {
  return paint(told > 0 ? 'cyan' : 'dim', bar(seen.share, BAR_WIDTH))
}

function isSmall({ told, seen }) {
  return told === 0 && seen.share < SMALL_SHARE
}

function smallOnesTogether(functions) {
  const small = functions.filter(isSmall)
  if (small.length < 2) return functions
  const total = (key) => small.reduce((sum, { seen }) => sum + seen[key], 0)
  const together = {
    name: `${small.length} others`,
    told: 0,
    measured: { millis: 0 },
    seen: { millis: total('millis'), share: total('share') },
  }
  return [...functions.filter((each) => !small.includes(each)), together]
}

function verdict(compared, samples) {
  const { tenant, name, difference } = largestDifference(compared)
  // Three standard errors of a share of a half, among the samples of one tenant: it is the largest
  // difference of several.
  const byChance = 3 * Math.sqrt((0.5 * 0.5) / (samples / Object.keys(tenants).length))
  return [
    `Shares of the work, stopwatch against spanprof: ${points(difference)} points apart at most`,
    `(${tenant}, ${name}); by chance it can be ${points(byChance)} with this many samples.`,
    `Work seen under a tenant that never asked for it: ${whole(underWrongTenant(compared))} ms.`,
  ].join('\n')
}

function ownFigures(stats, requests) {
  const { samples, unlabelledSamples, cpuNanos, pauseMicros, maxPauseMicros } = stats
  const unlabelled = percent(samples === 0 ? 0 : unlabelledSamples / samples)
  const pauses = `${millis(pauseMicros)} ms in all, ${millis(maxPauseMicros)} ms the longest`
  return [
    `requests   ${whole(requests)}`,
    `samples    ${whole(samples)} for ${whole(cpuNanos / 1e6)} ms of CPU time`,
    `no tenant  ${whole(unlabelledSamples)} samples (${unlabelled})`,
    `pauses     ${pauses}, made by spanprof`,
  ].join('\n')
}

/** Each file by name: a pattern would take in those of earlier runs. */
function commands(files) {
  if (files.length === 0) return paint('red', 'No profile was written.')
  const names = ['', ...files].join(files.length === 1 ? ' ' : ' \\\n    ')
  return [
    'Go on with (needs Go)',
    paint('green', `  go tool pprof -http=:${names}`),
    paint('green', `  go tool pprof -top -tagfocus=tenant=acme${names}`),
  ].join('\n')
}

function time({ millis, share }) {
  return millis === 0 ? '-' : `${whole(millis)} ms ${percent(share).padStart(5)}`
}

function percent(share) {
  return `${Math.round(share * 100)} %`
}

function points(share) {
  return (share * 100).toFixed(1)
}

function millis(micros) {
  return (micros / 1000).toFixed(1)
}

function whole(number) {
  return Math.round(number).toLocaleString('en-US')
}
