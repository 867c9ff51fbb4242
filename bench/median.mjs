export function median(values) {
  return percentile(values, 50)
}

/** The smallest value that at least `percent` of all values do not exceed; NaN of none. */
export function percentile(values, percent) {
  if (values.length === 0) return Number.NaN
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]
}

export function sum(values) {
  return values.reduce((total, value) => total + value, 0)
}

/** The slope of the straight line that fits `[x, y]` points best, by least squares. */
export function slope(points) {
  const meanX = sum(points.map(([x]) => x)) / points.length
  const meanY = sum(points.map(([, y]) => y)) / points.length
  const covariance = sum(points.map(([x, y]) => (x - meanX) * (y - meanY)))
  return covariance / sum(points.map(([x]) => (x - meanX) ** 2))
}
