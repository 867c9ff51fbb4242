import { bar, paint } from './terminal.mjs'

/** What the shop was not told of is not shown one by one where it took less than this. */
const SMALL_SHARE = 0.05
const BAR_WIDTH = 12

export function heading(title) {
  return paint('dim', columns(title, 'plan', 'stopwatch', 'spanprof'))
}

/** A row for a group, and one for each of its functions. */
export function groupWithFunctions(group) {
  return [groupRow(group), ...(isSmall(group) ? [] : functionRows(group.functions))]
}

export function groupRow(group) {
  return paint('bold', row(group))
}

export function functionRows(functions) {
  return smallOnesTogether(functions).map((each) =>
    `${row({ ...each, name: `  ${each.name}` })}  ${shareBar(each)}`.trimEnd(),
  )
}

export function percent(share) {
  return `${Math.round(share * 100)} %`
}

export function whole(number) {
  return Math.round(number).toLocaleString('en-US')
}

function row({ name, told, measured, seen }) {
  return columns(name, told.millis === 0 ? '-' : percent(told.share), time(measured), time(seen))
}

function columns(name, told, measured, seen) {
  return `${name.slice(0, 27).padEnd(27)}${told.padStart(6)}${measured.padStart(18)}${seen.padStart(20)}`
}

function time({ millis, share }) {
  return millis === 0 ? '-' : `${whole(millis)} ms ${percent(share).padStart(5)}`
}

function shareBar({ told, seen }) {
  return paint(told.millis > 0 ? 'cyan' : 'dim', bar(seen.share, BAR_WIDTH))
}

function isSmall({ told, seen }) {
  return told.millis === 0 && seen.share < SMALL_SHARE
}

function smallOnesTogether(functions) {
  const small = functions.filter(isSmall)
  if (small.length < 2) return functions
  const total = (key) => small.reduce((sum, { seen }) => sum + seen[key], 0)
  const together = {
    name: `${small.length} others`,
    told: { millis: 0 },
    measured: { millis: 0 },
    seen: { millis: total('millis'), share: total('share') },
  }
  return [...functions.filter((each) => !small.includes(each)), together]
}
