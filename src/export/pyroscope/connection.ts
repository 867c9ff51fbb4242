import type { buildConnector, Client, Dispatcher } from 'undici'
import type { TlsMaterial } from '../../options/tls-material.js'
import { openTunnel, proxyHeaders } from './tunnel.js'

export type Undici = typeof import('undici')

/** The way to a server. */
export interface Route {
  readonly tls: TlsMaterial
  readonly proxy: URL | undefined
}

/** A POST without its target. */
export interface Post {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** What came back, with the beginning of its body. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Dispatcher.ResponseData['headers']
  readonly body: Buffer
  /** Whether that is the whole body. */
  readonly isWhole: boolean
}

/** Of a body so much is read. */
const MAX_READ_BYTES = 4096

/**
 * One connection at a time to a server, for one request at a time. undici heeds the signal of a request
 * only once it is connected (https://github.com/nodejs/undici/issues/386). Therefore each request has
 * a connection for itself, which is destroyed to end the request, however far that is.
 */
export class Connection {
  readonly origin: string
  readonly #client: Client
  /** The proxy, where it is sent the requests. Others connect to the server. */
  readonly #forwarder: URL | undefined
  readonly #ended = new AbortController()

  constructor({ Client, buildConnector }: Undici, origin: string, { tls, proxy }: Route) {
    this.origin = origin
    const isTls = origin.startsWith('https:')
    // A proxy for plain HTTP seldom lets tunnels through.
    this.#forwarder = !isTls && proxy?.protocol === 'http:' ? proxy : undefined
    const ended = this.#ended.signal
    const connector = buildConnector({
      ...(isTls && tls),
      signal: ended,
      timeout: 0, // Whoever waits has a time limit.
    })
    this.#client = new Client(this.#forwarder?.origin ?? origin, {
      connect: proxy && !this.#forwarder ? through(proxy, connector, ended) : connector,
      headersTimeout: 0,
      bodyTimeout: 0,
    })
  }

  async post(url: URL, { headers, body }: Post): Promise<HttpAnswer> {
    const path = `${url.pathname}${url.search}`
    const response = await this.#client.request({
      method: 'POST',
      path: this.#forwarder ? `${url.origin}${path}` : path,
      headers: {
        ...headers,
        ...(this.#forwarder && { host: url.host, ...proxyHeaders(this.#forwarder) }),
      },
      body,
    })
    const beginning = await beginningOf(response.body)
    return { status: response.statusCode, headers: response.headers, ...beginning }
  }

  /** Ends the request too. */
  destroy(): void {
    void this.#client.destroy()
    // What undici waits for while it connects.
    this.#ended.abort()
  }
}

function through(
  proxy: URL,
  connector: buildConnector.connector,
  ended: AbortSignal,
): buildConnector.connector {
  return (options, callback) => {
    const { hostname, protocol } = options
    const isTls = protocol === 'https:'
    const host = hostname.includes(':') ? `[${hostname}]` : hostname
    const port = options.port || (isTls ? 443 : 80)
    openTunnel(proxy, `${host}:${port}`, ended).then(
      (socket) =>
        isTls ? connector({ ...options, httpSocket: socket }, callback) : callback(null, socket),
      (error) => callback(error, null),
    )
  }
}

async function beginningOf(body: Dispatcher.ResponseData['body']) {
  const chunks: Buffer[] = []
  let bytes = 0
  let isWhole = false
  try {
    for await (const chunk of body) {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes > MAX_READ_BYTES) break
    }
    isWhole = bytes <= MAX_READ_BYTES
  } catch {
    // Cut off: the status says enough.
  }
  return { body: Buffer.concat(chunks).subarray(0, MAX_READ_BYTES), isWhole }
}
