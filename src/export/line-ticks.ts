import type { LineTicks } from '../sample.js'

/**
 * Deals the lines of a call-tree node to its samples, one each, mixed as evenly as can be: so each
 * line's total is V8's, and samples that are put next to each other (those of one label set) get the
 * node's own mixture. Where a window's edge has cut samples off, the lines shrink in proportion.
 */
export function dealLines(lineTicks: readonly LineTicks[], samples: number): number[] {
  const total = lineTicks.reduce((sum, { ticks }) => sum + ticks, 0)
  if (total === 0) return new Array<number>(samples).fill(0)
  const dealt = lineTicks.map(() => 0)
  return Array.from({ length: samples }, (_, i) => {
    // The line that lags furthest behind its share of the samples dealt so far.
    const lag = lineTicks.map(({ ticks }, k) => (ticks * (i + 1)) / total - (dealt[k] ?? 0))
    const furthest = lag.indexOf(Math.max(...lag))
    dealt[furthest] = (dealt[furthest] ?? 0) + 1
    return lineTicks[furthest]?.line ?? 0
  })
}
