import type { ResolvedServerOptions } from './server-options.js'
import type { TlsMaterial } from './tls-material.js'

/** A server as the sampler thread gets it, with its PEM files read. */
export interface ServerConfig extends Omit<ResolvedServerOptions, 'tls'> {
  readonly tls: TlsMaterial
}
