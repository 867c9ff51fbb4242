import { createServer, type IncomingMessage } from 'node:http'
import { isIPv6 } from 'node:net'
import { SpanprofError } from '../errors.js'
import type { PullSettings } from './answer.js'
import { handle } from './middleware.js'

/** Where a server listens. */
export interface PullAddress {
  readonly host: string
  readonly port: number
}

const LOOPBACK = '127.0.0.1'

/**
 * `127.0.0.1:6060`, `[::1]:6060`; `:6060` and `6060` on loopback.
 *
 * @throws {SpanprofError} `ERR_INVALID_OPTION`
 */
export function parsePullAddress(text: string): PullAddress {
  const [, inBrackets, plain, digits] = /^(?:(?:\[(.+)\]|([^:[\]]*)):)?(\d+)$/.exec(text) ?? []
  const port = Number(digits)
  if (digits === undefined || port > 65_535 || (inBrackets && !isIPv6(inBrackets))) {
    throw new SpanprofError(
      'ERR_INVALID_OPTION',
      `SPANPROF_PULL must be an address such as '127.0.0.1:6060' or ':6060', received ${JSON.stringify(text)}`,
    )
  }
  return { host: inBrackets || plain || LOOPBACK, port }
}

/**
 * Serves profiles, and nothing else, from this process. It does not keep the process alive; where the
 * port is taken the app goes on without it.
 */
export function servePulls({ host, port }: PullAddress, settings: PullSettings): void {
  const { log } = settings
  const guarded = isLoopback(host)
  const server = createServer((request, response) => {
    if (guarded && isForeign(request)) {
      response.writeHead(403, { 'content-type': 'text/plain; charset=utf-8' })
      response.end('forbidden: only local requests that no web page makes are answered\n')
    } else {
      handle(request, response, settings).catch((error) => response.destroy(error))
    }
  })
  server.on('connection', (socket) => socket.unref())
  server.on('error', ({ message }) => log('warn', `profiles cannot be pulled: ${message}`))
  // In a cluster's worker the port would be shared, and each pull would come to another process.
  server.listen({ host, port, exclusive: true }, () => {
    const address = server.address() as { port: number }
    log(
      'info',
      `profiles can be pulled from http://${shown(host)}:${address.port}/debug/pprof/profile`,
    )
  })
  server.unref()
}

function shown(host: string): string {
  return isIPv6(host) ? `[${host}]` : host
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host)
}

/**
 * A web page's request: from another site, or by way of a name of its own that leads to this machine.
 * Pages can reach loopback, and what stands in profiles is not for them.
 */
function isForeign({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'] ?? 'none'
  const [, host = ''] = /^\[?([^\]]*?)\]?(?::\d+)?$/.exec(headers.host ?? '') ?? []
  return !isLoopback(host.toLowerCase()) || (site !== 'none' && site !== 'same-origin')
}
