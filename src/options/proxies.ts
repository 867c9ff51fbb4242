import { isIPv6 } from 'node:net'
import { SpanprofError } from '../errors.js'
import type { Environment } from './option-checks.js'

/** Proxies as the environment names them, and the hosts that need none. */
export interface Proxies {
  readonly http: string | undefined
  readonly https: string | undefined
  readonly none: string | undefined
}

/**
 * The sampler thread has no environment, so it is told.
 *
 * @throws {SpanprofError} `ERR_INVALID_OPTION` for a proxy that is no address of one.
 */
export function proxiesOf(environment: Environment): Proxies {
  const noProxy = environment.no_proxy || environment.NO_PROXY
  return {
    http: proxy('HTTP_PROXY', environment),
    https: proxy('HTTPS_PROXY', environment),
    none: noProxy || undefined,
  }
}

function proxy(name: string, environment: Environment): string | undefined {
  const given = environment[name.toLowerCase()] || environment[name]
  if (!given) return undefined
  // As curl has it, a proxy needs no scheme.
  const address = given.includes('://') ? given : `http://${given}`
  if (URL.canParse(address) && /^https?:$/.test(new URL(address).protocol)) return address
  // Credentials may stand in it, so it is not shown.
  throw new SpanprofError('ERR_INVALID_OPTION', `${name} must be the address of an HTTP proxy`)
}

/** @returns the proxy for an address, `undefined` where there is none. */
export function proxyFor({ protocol, host }: URL, { http, https, none }: Proxies): URL | undefined {
  const address = protocol === 'https:' ? (https ?? http) : http
  if (address === undefined || needsNone(protocol, host, none ?? '')) return undefined
  return new URL(address)
}

/** @param entries of `NO_PROXY`: hosts, also for what is below them, with or without a port. */
function needsNone(protocol: string, host: string, entries: string): boolean {
  const { name, port = protocol === 'https:' ? '443' : '80' } = hostAndPort(host)
  return entries
    .split(/[,\s]+/)
    .filter((entry) => entry !== '')
    .map((entry) => hostAndPort(isIPv6(entry) ? `[${entry}]` : entry))
    .some((entry) => {
      const above = entry.name.replace(/^\*?\./, '').toLowerCase()
      if (entry.port !== undefined && entry.port !== port) return false
      return above === '*' || name === above || name.endsWith(`.${above}`)
    })
}

/** An address of IPv6 keeps its brackets. */
function hostAndPort(host: string): { name: string; port?: string } {
  const [, name, port] = /^(.+):(\d+)$/.exec(host) ?? []
  return name === undefined || port === undefined ? { name: host } : { name, port }
}
