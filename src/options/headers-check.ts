import { SpanprofError } from '../errors.js'
import type { OptionCheck } from './option-checks.js'
import { labels } from './value-checks.js'

/** Names and values of HTTP headers; in the environment `name=value,name=value`. */
export const headers: OptionCheck<Readonly<Record<string, string>>> = {
  check(name, value) {
    // The values may be secrets, so none is shown.
    if (!isPlainObject(value) || !Object.entries(value).every(isHeader)) {
      const rule = 'an object of HTTP header names and values'
      throw new SpanprofError('ERR_INVALID_OPTION', `${name} must be ${rule}`)
    }
    const own = Object.keys(value).find((header) => CLIENTS_HEADERS.has(header.toLowerCase()))
    if (own !== undefined) {
      const message = `${name} must not have '${own}': the client sets it itself`
      throw new SpanprofError('ERR_INVALID_OPTION', message)
    }
    return value as Record<string, string>
  },
  parse: labels.parse as (text: string) => unknown,
}

/** What depends on the request or the connection. */
const CLIENTS_HEADERS = new Set([
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Unlike a `Map` or `Headers`, whose entries are no properties. */
function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** As RFC 9110, 5.1 and 5.5, has them. */
function isHeader([name, value]: [string, unknown]): boolean {
  const isName = /^[\w!#$%&'*+.^`|~-]+$/.test(name)
  return isName && typeof value === 'string' && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
}
