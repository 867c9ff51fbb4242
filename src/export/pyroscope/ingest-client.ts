import { cleaned, cutToBytes } from '../../labels/label-text.js'
import type { ServerConfig } from '../../options/server-config.js'
import { basicAuthorization } from '../../options/url-credentials.js'
import type { HttpAnswer, Post } from './connection.js'
import { HttpClient } from './http-client.js'
import { ingestRequest } from './ingest-request.js'
import { type Redact, redactor } from './redactor.js'
import { isFollowed, redirectTarget } from './redirect.js'
import { retryAfterMillis } from './retry.js'
import { secretsOf } from './secrets.js'
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
const MAX_REDIRECTS = 3
/** Of what a server says to its error, so much is shown. */
const MAX_SHOWN_BYTES = 300

/** Sends profiles to one server. */
export class IngestClient {
  /** Where to, without credentials. */
  readonly origin: string
  readonly #server: ServerConfig
  readonly #headers: Record<string, string>
  readonly #http: HttpClient
  readonly #redact: Redact

  constructor(server: ServerConfig) {
    this.origin = new URL(server.serverAddress).origin
    this.#server = server
    const authorization = authorizationOf(server)
    this.#headers = {
      ...(authorization !== undefined && { authorization }),
      ...(server.tenantId !== undefined && { [TENANT_HEADER]: server.tenantId }),
      'user-agent': 'spanprof',
      // What a server says is shown as it comes.
      'accept-encoding': 'identity',
      ...lowerCaseKeys(server.httpHeaders),
    }
    this.#redact = redactor(secretsOf(server))
    this.#http = new HttpClient(server)
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
      return await this.#post(url, { headers, body }, ended.signal)
    } catch (error) {
      const late = ended.signal.aborted && `no answer within ${uploadTimeoutMs} ms`
      return { outcome: 'failed', reason: late || this.#shown(messageOf(error as NetworkError)) }
    } finally {
      clearTimeout(timer)
      aborted.removeEventListener('abort', abort)
    }
  }

  close(): void {
    this.#http.close()
  }

  async #post(url: URL, post: Post, ended: AbortSignal, redirects = 0): Promise<Answer> {
    const answer = await this.#http.post(url, post, ended)
    const { status, headers } = answer
    // Whatever else the server has to say to it.
    if (status >= 200 && status < 300) return { outcome: 'taken' }
    const target = redirectTarget(url, status, headers.location)
    if (target && redirects < MAX_REDIRECTS && isFollowed(url, target)) {
      return this.#post(target, post, ended, redirects + 1)
    }
    const text = target
      ? `it redirects to ${this.#shown(target.origin + target.pathname)}, which is not followed`
      : this.#shown(messageIn(answer), { isCut: !answer.isWhole })
    const reason = `HTTP ${status}${text && `: ${text}`}`
    if (status < 500 && !PASSING.has(status)) return { outcome: 'refused', reason }
    const wait = retryAfterMillis(headers['retry-after'])
    return { outcome: 'failed', reason, ...(wait !== undefined && { retryAfterMillis: wait }) }
  }

  /** What others say, fit for a line of a log. Redacted first: what follows changes secrets too. */
  #shown(text: string, { isCut = false } = {}): string {
    return cutToBytes(cleaned(this.#redact(text, { isCut })).trim(), MAX_SHOWN_BYTES)
  }
}

function authorizationOf(server: ServerConfig): string | undefined {
  const { authToken, basicAuthUser: user, basicAuthPassword: password } = server
  return authToken === undefined ? basicAuthorization({ user, password }) : `Bearer ${authToken}`
}

function lowerCaseKeys(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([k, value]) => [k.toLowerCase(), value]))
}

/** Pyroscope's errors are JSON, those of a proxy before it anything. */
function messageIn({ headers, body }: HttpAnswer): string {
  if (!/^(identity)?$/i.test(String(headers['content-encoding'] ?? ''))) return ''
  const text = body.toString()
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
