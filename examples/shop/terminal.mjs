import { styleText } from 'node:util'

const colours = process.stdout.isTTY && !process.env.NO_COLOR

/** @param style one of `util.styleText`'s, or several; left out where nobody would see colours. */
export function paint(style, text) {
  return colours ? styleText(style, text) : text
}

/** A bar for a share from 0 to 1, in eighths of a character. */
export function bar(share, width) {
  const eighths = Math.round(Math.min(1, share) * width * 8)
  return '█'.repeat(eighths >> 3) + ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths & 7]
}
