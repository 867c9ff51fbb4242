import { SpanprofError } from '../errors.js'
import { headers } from './headers-check.js'
import { type Environment, type OptionChecks, objectOf } from './option-checks.js'
import { type Proxies, proxiesOf } from './proxies.js'
import { credentialsIn } from './url-credentials.js'
import { boolean, headerText, integer, nonEmptyString, secret, webAddress } from './value-checks.js'

/** Where profiles are pushed to, and how hard it is tried. */
export interface ServerOptions {
  /**
   * A Pyroscope's address, such as `http://localhost:4040`; a path in it goes before `/ingest`.
   * `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` are heeded. Credentials in it are used as
   * `basicAuthUser` and `basicAuthPassword`, and appear in no log.
   */
  serverAddress?: string
  /** Sent as `Authorization: Bearer …`; goes before `basicAuthUser`. */
  authToken?: string
  /** Sent as `Authorization: Basic …` with `basicAuthPassword`; in Grafana Cloud the instance's id. */
  basicAuthUser?: string
  /** @see basicAuthUser */
  basicAuthPassword?: string
  /** Whose profiles these are on a server of several tenants: `X-Scope-OrgID`. */
  tenantId?: string
  /** Further headers of every upload. */
  httpHeaders?: Readonly<Record<string, string>>
  /** How the server's certificate is checked, and which one the client shows. */
  tls?: TlsOptions
  /**
   * A directory for profiles that wait for the server, made when it is missing: they survive a crash
   * and a restart of the app. Profiles over an hour old are dropped, as a Pyroscope refuses them.
   */
  spoolDir?: string
  /**
   * Bytes that `spoolDir` may hold, 65,536 to 1 TiB; the oldest are dropped first.
   *
   * @default 134_217_728 (128 MiB)
   */
  maxSpoolBytes?: number
  /**
   * Bytes of profiles that wait in memory, 65,536 to 1 GiB; beyond them the oldest are dropped, or
   * moved to `spoolDir`.
   *
   * @default 16_777_216 (16 MiB)
   */
  maxQueueBytes?: number
  /**
   * How long the server may take to answer one try, in milliseconds, 100 to 600,000.
   *
   * @default 10_000
   */
  uploadTimeoutMs?: number
  /**
   * How long a profile is tried to be uploaded again, in milliseconds, 0 to 3,600,000. With
   * `spoolDir` it waits there afterwards, without it is dropped.
   *
   * @default 300_000
   */
  uploadDeadlineMs?: number
  /**
   * How long `flush()` and `stop()` wait for uploads, in milliseconds, 0 to 600,000. What has not
   * arrived by then stays in the queue or in `spoolDir`; at `stop()` without it, it is dropped.
   *
   * @default 10_000
   */
  flushTimeoutMs?: number
}

/** PEM files, read once at the start. */
export interface TlsOptions {
  /** Certificates to trust instead of Node's own. */
  caFile?: string
  /** The client's certificate, with `keyFile`. */
  certFile?: string
  /** The client's private key. */
  keyFile?: string
  /**
   * Accept whichever certificate the server shows.
   *
   * @default false
   */
  insecureSkipVerify?: boolean
}

/** A server, with every default filled in. */
export interface ResolvedServerOptions {
  /** Without credentials. */
  readonly serverAddress: string
  readonly authToken: string | undefined
  readonly basicAuthUser: string | undefined
  readonly basicAuthPassword: string | undefined
  readonly tenantId: string | undefined
  readonly httpHeaders: Readonly<Record<string, string>>
  readonly tls: TlsOptions
  readonly spoolDir: string | undefined
  readonly maxSpoolBytes: number
  readonly maxQueueBytes: number
  readonly uploadTimeoutMs: number
  readonly uploadDeadlineMs: number
  readonly flushTimeoutMs: number
  readonly proxies: Proxies
}

const MIB = 2 ** 20

export const SERVER_CHECKS: OptionChecks<ServerOptions> = {
  serverAddress: webAddress,
  authToken: secret,
  basicAuthUser: nonEmptyString,
  basicAuthPassword: secret,
  tenantId: headerText,
  httpHeaders: headers,
  tls: objectOf<TlsOptions>({
    caFile: nonEmptyString,
    certFile: nonEmptyString,
    keyFile: nonEmptyString,
    insecureSkipVerify: boolean,
  }),
  spoolDir: nonEmptyString,
  maxSpoolBytes: integer('bytes', 65_536, 2 ** 40),
  maxQueueBytes: integer('bytes', 65_536, 2 ** 30),
  uploadTimeoutMs: integer('milliseconds', 100, 600_000),
  uploadDeadlineMs: integer('milliseconds', 0, 3_600_000),
  flushTimeoutMs: integer('milliseconds', 0, 600_000),
}

/**
 * @param given checked options.
 * @returns `undefined` where no server is given.
 * @throws {SpanprofError} `ERR_INVALID_OPTION` for options that are for nothing without another.
 */
export function resolveServerOptions(
  given: ServerOptions,
  environment: Environment,
): ResolvedServerOptions | undefined {
  if (given.serverAddress === undefined) {
    const useless = Object.keys(SERVER_CHECKS).find((name) => name in given)
    if (useless !== undefined) throw missing(useless, 'serverAddress')
    return undefined
  }
  const { certFile, keyFile } = given.tls ?? {}
  if (certFile !== undefined && keyFile === undefined) throw missing('tls.certFile', 'tls.keyFile')
  if (keyFile !== undefined && certFile === undefined) throw missing('tls.keyFile', 'tls.certFile')
  const { serverAddress, user, password } = withoutCredentials(given.serverAddress)
  return {
    serverAddress,
    authToken: given.authToken,
    basicAuthUser: given.basicAuthUser ?? user,
    basicAuthPassword: given.basicAuthPassword ?? password,
    tenantId: given.tenantId,
    httpHeaders: given.httpHeaders ?? {},
    tls: given.tls ?? {},
    spoolDir: given.spoolDir,
    maxSpoolBytes: given.maxSpoolBytes ?? 128 * MIB,
    maxQueueBytes: given.maxQueueBytes ?? 16 * MIB,
    uploadTimeoutMs: given.uploadTimeoutMs ?? 10_000,
    uploadDeadlineMs: given.uploadDeadlineMs ?? 300_000,
    flushTimeoutMs: given.flushTimeoutMs ?? 10_000,
    proxies: proxiesOf(environment),
  }
}

function withoutCredentials(address: string) {
  const url = new URL(address)
  const credentials = credentialsIn(url)
  url.username = ''
  url.password = ''
  return { serverAddress: url.href.replace(/\/+$/, ''), ...credentials }
}

function missing(name: string, other: string): SpanprofError {
  return new SpanprofError('ERR_INVALID_OPTION', `${name} requires ${other}: set both`)
}
