import type { Dispatcher, request } from 'undici'
import { cleaned, cutToBytes } from '../labels/label-text.js'
import type { ServerConfig } from '../server-config.js'
import { ingestRequest } from './ingest-request.js'
import { retryAfterMillis } from './retry.js'
import { type Redact, redactor } from './secrets.js'
import type { Upload } from './upload.js'

/** Says whose a profile is, on a server of several tenants. */
export const TENANT_HEADER = 'x-scope-orgid'

/** What became of one try. */
export type Answer =
  | { readonly outcome: 'taken' }
  /** Trying again would not help. */
  | { readonly outcome: 'refused'; readonly reason: string }
  | { readonly outcome: 'failed'; readonly reason: string; readonly retryAfterMillis?: number }

/**
 * 422 stands for nearly everything in a Pyroscope, failures of its storage too, so it may pass. Other
 * statuses from 400 on will not.
 */
const PASSING = new Set([408, 422, 425, 429])
/** A POST stays a POST at all of these. */
const REDIRECTS = new Set([301, 302, 307, 308])
const MAX_REDIRECTS = 3
/** Of what a server says to its error, so much is read, and so much is shown. */
const MAX_READ_BYTES = 4096
const MAX_SHOWN_BYTES = 300

interface Http {
  readonly request: typeof request
  readonly dispatcher: Dispatcher
}

/** Sends profiles to one server. */
export class IngestClient {
  /** Where to, without credentials. */
  readonly origin: string
  readonly #server: ServerConfig
  readonly #headers: Record<string, string>
  readonly #http: Promise<Http>
  readonly #redact: Redact

  constructor(server: ServerConfig) {
    this.origin = new URL(server.serverAddress).origin
    this.#server = server
    const authorization = authorizationOf(server)
    this.#headers = {
      ...(authorization !== undefined && { authorization }),
      ...(server.tenantId !== undefined && { [TENANT_HEADER]: server.tenantId }),
      'user-agent': 'spanprof',
      ...lowerCaseKeys(server.httpHeaders),
    }
    this.#redact = redactor([
      server.authToken,
      server.basicAuthPassword,
      authorization?.split(' ')[1],
      ...Object.values(server.httpHeaders),
      ...proxyPasswords(server),
    ])
    this.#http = openHttp(server)
    this.#http.catch(() => {}) // The first try will say so.
  }

  /** Never rejects. */
  async send(upload: Upload, aborted: AbortSignal): Promise<Answer> {
    const { uploadTimeoutMs, serverAddress } = this.#server
    const { url, contentType, body } = ingestRequest(upload, serverAddress)
    const headers = { ...this.#headers, 'content-type': contentType }
    // Not `AbortSignal.any`: a signal that lives on would hold every try's in some Node.js lines.
    const ended = new AbortController()
    const abort = () => ended.abort()
    const timer = setTimeout(abort, uploadTimeoutMs)
    aborted.addEventListener('abort', abort)
    if (aborted.aborted) abort()
    try {
      return await this.#post(url, { method: 'POST', headers, body, signal: ended.signal })
    } catch (error) {
      const late = ended.signal.aborted && `no answer within ${uploadTimeoutMs} ms`
      return { outcome: 'failed', reason: late || this.#shown(messageOf(error as NetworkError)) }
    } finally {
      clearTimeout(timer)
      aborted.removeEventListener('abort', abort)
    }
  }

  close(): void {
    // Nobody waits for what is still open.
    this.#http.then(({ dispatcher }) => dispatcher.destroy()).catch(() => {})
  }

  async #post(
    url: URL,
    options: {
      method: 'POST'
      headers: Record<string, string>
      body: Uint8Array
      signal: AbortSignal
    },
    redirects = 0,
  ): Promise<Answer> {
    const { request, dispatcher } = await this.#http
    const { statusCode, headers, body } = await request(url, { ...options, dispatcher })
    if (statusCode >= 200 && statusCode < 300) {
      // The profile has been taken; what the server has to say to it is of no interest.
      body.dump({ limit: MAX_READ_BYTES }).catch(() => {})
      return { outcome: 'taken' }
    }
    const target = REDIRECTS.has(statusCode) && redirectTarget(url, headers.location)
    if (target && redirects < MAX_REDIRECTS && isSameServer(url, target)) {
      body.dump({ limit: MAX_READ_BYTES }).catch(() => {})
      return this.#post(target, options, redirects + 1)
    }
    const text = target
      ? `it redirects to ${target.origin}, which is not followed`
      : this.#shown(messageIn(await firstBytes(body)))
    const reason = `HTTP ${statusCode}${text && `: ${text}`}`
    if (statusCode < 500 && !PASSING.has(statusCode)) return { outcome: 'refused', reason }
    const wait = retryAfterMillis(headers['retry-after'])
    return { outcome: 'failed', reason, ...(wait !== undefined && { retryAfterMillis: wait }) }
  }

  /** What others say, fit for a line of a log. */
  #shown(text: string): string {
    return cutToBytes(this.#redact(cleaned(text)).trim(), MAX_SHOWN_BYTES)
  }
}

function authorizationOf(server: ServerConfig): string | undefined {
  const { authToken, basicAuthUser, basicAuthPassword } = server
  if (authToken !== undefined) return `Bearer ${authToken}`
  if (basicAuthUser === undefined && basicAuthPassword === undefined) return undefined
  const credentials = `${basicAuthUser ?? ''}:${basicAuthPassword ?? ''}`
  return `Basic ${Buffer.from(credentials).toString('base64')}`
}

function lowerCaseKeys(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([k, value]) => [k.toLowerCase(), value]))
}

/** Loaded while the app goes on starting: the client for HTTP takes a tenth of a second. */
async function openHttp({ tls, proxies, uploadTimeoutMs }: ServerConfig): Promise<Http> {
  const { EnvHttpProxyAgent, request } = await import('undici')
  const connect = { ...tls, timeout: uploadTimeoutMs }
  const dispatcher = new EnvHttpProxyAgent({
    connect,
    requestTls: connect,
    // A proxy for plain HTTP seldom lets tunnels through.
    proxyTunnel: false,
    httpProxy: proxies.http ?? '',
    httpsProxy: proxies.https ?? '',
    noProxy: proxies.none ?? '',
    // Each try has a time limit of its own.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  return { request, dispatcher }
}

function proxyPasswords({ proxies }: ServerConfig): (string | undefined)[] {
  return [proxies.http, proxies.https].map((proxy) => {
    return proxy === undefined ? undefined : decodeURIComponent(new URL(proxy).password)
  })
}

function redirectTarget(from: URL, location: unknown): URL | undefined {
  if (typeof location !== 'string' || !URL.canParse(location, from.href)) return undefined
  return new URL(location, from)
}

/** Credentials go along, so: the same host and port, or its TLS where both have the default port. */
function isSameServer(from: URL, to: URL): boolean {
  if (from.origin === to.origin) return true
  const toTls = from.protocol === 'http:' && to.protocol === 'https:'
  return toTls && from.hostname === to.hostname && from.port === '' && to.port === ''
}

/** The beginning of an answer, however long it is. */
async function firstBytes(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of body) {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes >= MAX_READ_BYTES) break
    }
  } catch {
    // Cut off: the status says enough.
  }
  return Buffer.concat(chunks).subarray(0, MAX_READ_BYTES).toString()
}

/** Pyroscope's errors are JSON, those of a proxy before it anything. */
function messageIn(text: string): string {
  try {
    const { message } = JSON.parse(text)
    return typeof message === 'string' ? message : text
  } catch {
    return text
  }
}

interface NetworkError extends Error {
  readonly code?: string
  /** Of a host with several addresses. */
  readonly errors?: readonly Error[]
}

function messageOf({ message, code, errors }: NetworkError): string {
  return message || errors?.[0]?.message || code || 'the connection failed'
}
