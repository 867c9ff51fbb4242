import { type Proxies, proxyFor } from '../../options/proxies.js'
import type { TlsMaterial } from '../../options/tls-material.js'
import { Connection, type HttpAnswer, type Post, type Undici } from './connection.js'

export interface HttpClientOptions {
  readonly tls: TlsMaterial
  readonly proxies: Proxies
}

/** Keeps connections for further requests. */
export class HttpClient {
  readonly #options: HttpClientOptions
  readonly #undici: Promise<Undici>
  readonly #idle: Connection[] = []
  #isClosed = false

  constructor(options: HttpClientOptions) {
    this.#options = options
    // Loaded while the app goes on starting: it takes a tenth of a second.
    this.#undici = import('undici')
    this.#undici.catch(() => {}) // The first request will say so.
  }

  /**
   * Does not follow redirects.
   *
   * @param ended when it is aborted, the request ends, and its connection with it. If an answer has
   *     come by then, it counts.
   */
  async post(url: URL, post: Post, ended: AbortSignal): Promise<HttpAnswer> {
    const connection = await this.#connectionTo(url)
    const destroy = () => connection.destroy()
    ended.addEventListener('abort', destroy)
    if (ended.aborted) destroy()
    let isReusable = false
    try {
      const answer = await connection.post(url, post)
      isReusable = answer.isWhole && !ended.aborted && !this.#isClosed
      return answer
    } finally {
      ended.removeEventListener('abort', destroy)
      if (isReusable) this.#idle.push(connection)
      else connection.destroy()
    }
  }

  close(): void {
    this.#isClosed = true
    for (const connection of this.#idle.splice(0)) connection.destroy()
  }

  async #connectionTo(url: URL): Promise<Connection> {
    const undici = await this.#undici
    // The last one is the likeliest to be still open.
    const index = this.#idle.findLastIndex(({ origin }) => origin === url.origin)
    const [kept] = index < 0 ? [] : this.#idle.splice(index, 1)
    if (kept !== undefined) return kept
    const { tls, proxies } = this.#options
    return new Connection(undici, url.origin, { tls, proxy: proxyFor(url, proxies) })
  }
}
