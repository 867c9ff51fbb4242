import { table } from './table.mjs'

/** The whole of RESULTS.md. What a section was measured with stands there where it is not the head's. */
export function renderReport(sections) {
  const head = newest(sections)
  return `${[
    '# Benchmarks',
    'Written by `npm run bench`; `npm run bench -- rotation` measures one section anew. All figures of a table come from one run, side by side on one machine.',
    table(['', ''], [['date', head.date], ...Object.entries(head.environment)]),
    ...sections.map((section) => renderSection(section, head)),
  ].join('\n\n')}\n`
}

export function renderSection(section, head = section) {
  const { title, measures, tables, targets } = section
  const parts = [`## ${title}`, measures, ...differences(section, head)]
  for (const { caption, columns, rows } of tables) {
    if (caption !== undefined) parts.push(`${caption}:`)
    parts.push(table(columns, rows))
  }
  if (targets.length > 0) parts.push(renderTargets(targets))
  return parts.join('\n\n')
}

function renderTargets(targets) {
  const rows = targets.map(({ figure, target, measured, reached }) => [
    figure,
    target,
    measured,
    reached ? 'reached' : '**not reached**',
  ])
  return table(['figure', 'target', 'measured', ''], rows)
}

function newest(sections) {
  return sections.toSorted((a, b) => (a.date < b.date ? 1 : -1))[0]
}

/** @returns one line, or none where the section was measured with what the head says. */
function differences(section, head) {
  const facts = { date: section.date, ...section.environment }
  const headFacts = { date: head.date, ...head.environment }
  const other = Object.keys(facts).filter((name) => facts[name] !== headFacts[name])
  if (other.length === 0) return []
  return [`Measured with ${other.map((name) => `${name} ${facts[name]}`).join('; ')}.`]
}
