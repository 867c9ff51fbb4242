/**
 * A Markdown table that can be read as plain text too.
 *
 * @param columns the heads; @param rows arrays of text, one entry a column.
 */
export function table(columns, rows) {
  const widths = columns.map((head, i) =>
    Math.max(...[head, ...rows.map((row) => row[i])].map(width)),
  )
  const line = (cells) => `| ${cells.map((cell, i) => padded(cell, widths[i])).join(' | ')} |`
  return [line(columns), line(widths.map((dashes) => '-'.repeat(dashes))), ...rows.map(line)].join(
    '\n',
  )
}

function padded(cell, length) {
  return cell + ' '.repeat(length - width(cell))
}

/** In characters, not UTF-16 units. */
function width(text) {
  return [...text].length
}
