import type { ServerConfig } from '../../options/server-config.js'
import {
  basicAuthorization,
  credentialsIn,
  type UrlCredentials,
} from '../../options/url-credentials.js'

/** Less is no secret, and would be found everywhere. */
const MIN_PART_LENGTH = 4
const SCHEME = /^(basic|bearer|digest|token|apikey|negotiate)$/i

/** What a server is sent that must not be seen. */
export function secretsOf(server: ServerConfig): string[] {
  const { authToken, basicAuthUser: user, basicAuthPassword: password, proxies } = server
  const address = new URL(server.serverAddress)
  const proxyCredentials = [proxies.http, proxies.https].flatMap((proxy) =>
    proxy === undefined ? [] : [credentialsIn(new URL(proxy))],
  )
  return [
    ...(authToken === undefined ? [] : [authToken]),
    ...[{ user, password }, ...proxyCredentials].flatMap(secretsOfCredentials),
    ...Object.values(server.httpHeaders).flatMap(secretsOfHeader),
    ...[...address.searchParams.values()].filter(isLongEnough),
  ].filter((secret) => secret !== '')
}

/** A user without a password is a token. */
function secretsOfCredentials(credentials: UrlCredentials): string[] {
  const { user, password } = credentials
  const encoded = basicAuthorization(credentials)?.split(' ')[1]
  return [password ?? user, encoded].filter((secret) => secret !== undefined)
}

/** A header's value, and what may be shown of it alone: a token, the value of a cookie, a password. */
function secretsOfHeader(value: string): string[] {
  const words = value.split(/[\s;,]+/)
  const values = words.map((word) => word.slice(word.indexOf('=') + 1))
  const [, basic = ''] = /^basic\s+(\S+)/i.exec(value) ?? []
  const decoded = Buffer.from(basic, 'base64').toString()
  return [value, ...words, ...values, decoded, decoded.slice(decoded.indexOf(':') + 1)]
    .filter(isLongEnough)
    .filter((part) => !SCHEME.test(part))
}

function isLongEnough(text: string): boolean {
  return text.length >= MIN_PART_LENGTH
}
