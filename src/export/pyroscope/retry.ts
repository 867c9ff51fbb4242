const FIRST_MILLIS = 500
const MAX_MILLIS = 30_000

/**
 * How long to wait before the next try: exponential, and by full jitter anything from 0 up to that, so
 * that a fleet that lost its server together does not come back to it together.
 *
 * @param failures in a row, from 1.
 */
export function backoffMillis(failures: number, random = Math.random): number {
  return random() * Math.min(MAX_MILLIS, FIRST_MILLIS * 2 ** (failures - 1))
}

/** `Retry-After`: seconds, or a date (RFC 9110, 10.2.3). @returns `undefined` for anything else. */
export function retryAfterMillis(header: unknown, nowMillis = Date.now()): number | undefined {
  if (typeof header !== 'string') return undefined
  const millis = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMillis
  return Number.isNaN(millis) ? undefined : Math.max(0, millis)
}
