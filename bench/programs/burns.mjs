/** How many labels there are: job 0 to job 7. */
export const LABELS = 8

/**
 * Functions that burn CPU for a number of microseconds, from `burn_0` on. Each is compiled from a
 * source of its own, so that a sample tells by its stack alone whose work it met.
 */
export function namedBurns(count) {
  return Array.from({ length: count }, (_, label) => new Function(source(label))())
}

const source = (label) => `return function burn_${label}(micros) {
  const start = process.hrtime()
  let sum = ${label}
  for (;;) {
    for (let i = 0; i < 50; i++) sum += Math.sqrt(i + sum)
    const [seconds, nanos] = process.hrtime(start)
    if (seconds * 1e6 + nanos / 1e3 > micros) return sum
  }
}`
