/** A POST stays a POST at all of these; 303 would make it a GET. */
const REDIRECTS = new Set([301, 302, 307, 308])

/** @returns where to, `undefined` where the answer is no redirect. */
export function redirectTarget(from: URL, status: number, location: unknown): URL | undefined {
  if (!REDIRECTS.has(status) || typeof location !== 'string') return undefined
  return URL.canParse(location, from.href) ? new URL(location, from) : undefined
}

/**
 * Whether the profile may be sent there. A page to log in would answer 200 to anything and store
 * nothing, so it has to be an `/ingest` again.
 */
export function isFollowed(from: URL, to: URL): boolean {
  return isSameServer(from, to) && to.pathname.endsWith('/ingest')
}

/** Credentials go along, so: the same host and port, or its TLS where both have the default port. */
function isSameServer(from: URL, to: URL): boolean {
  if (from.origin === to.origin) return true
  const toTls = from.protocol === 'http:' && to.protocol === 'https:'
  return toTls && from.hostname === to.hostname && from.port === '' && to.port === ''
}
