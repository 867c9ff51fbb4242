import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Socket } from 'node:net'
import { basicAuthorization, credentialsIn } from '../../options/url-credentials.js'

/**
 * Has a proxy connect to a target (RFC 9110, 9.3.6). undici's own tunnels are tried again without a
 * pause where the proxy closes the connection, for ever (https://github.com/nodejs/undici/issues/3897),
 * and cannot be given up before the proxy has answered.
 *
 * @param target host and port.
 */
export function openTunnel(proxy: URL, target: string, ended: AbortSignal): Promise<Socket> {
  const request = proxy.protocol === 'https:' ? requestHttps : requestHttp
  // Else Node.js asks for the connection to be closed, which is to be the tunnel.
  const kept = { connection: 'keep-alive', 'proxy-connection': 'keep-alive' }
  const headers = { host: target, ...kept, ...proxyHeaders(proxy) }
  return new Promise((resolve, reject) => {
    // A new error: undici tells by the code whether it connects again.
    const fail = (reason: string) => reject(new Error(`the proxy ${proxy.host}: ${reason}`))
    request({
      hostname: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port,
      method: 'CONNECT',
      path: target,
      headers,
      agent: false,
      signal: ended,
    })
      .once('connect', ({ statusCode = 0 }, duplex, head) => {
        const socket = duplex as Socket
        if (statusCode >= 200 && statusCode < 300) {
          if (head.length > 0) socket.unshift(head)
          resolve(socket)
        } else {
          socket.on('error', () => {}).destroy()
          fail(`HTTP ${statusCode}`)
        }
      })
      .on('error', (error) => fail(error.message || 'the connection failed'))
      .end()
  })
}

export function proxyHeaders(proxy: URL): Record<string, string> {
  const authorization = basicAuthorization(credentialsIn(proxy))
  return authorization === undefined ? {} : { 'proxy-authorization': authorization }
}
