import { SpanprofError } from '../errors.js'
import type { Logger } from '../logger.js'
import { type CheckedConfig, checkConfig, type PyroscopeConfig, unknownKeys } from './config.js'

let config: CheckedConfig | undefined
let logger: Logger | undefined

/**
 * Sets how this process is profiled, and starts nothing. A profiler that runs already is changed by the
 * next `start`.
 *
 * @throws {SpanprofError} `ERR_INVALID_OPTION`; its message lists every fault.
 */
export function init(given: PyroscopeConfig = {}): void {
  config = checkConfig(given, process.env)
  const unknown = unknownKeys(given).join(', ')
  if (unknown === '') return
  void import('./logger.js').then(({ log }) =>
    log('warn', `init ignores unknown options: ${unknown}`),
  )
}

/** The SDK's logger. Its further methods may be there, and are never called. */
type LoggerOfSdk = Logger & Partial<Record<'error' | 'debug' | 'trace' | 'fatal', unknown>>

/**
 * From now on `logger` hears what a person should know: a warning where something was lost, an info
 * where it is well again. Its other methods are not called.
 */
export function setLogger(given: LoggerOfSdk): void {
  logger = given
}

/** What `init` was called with last. */
export function lastConfig(): CheckedConfig | undefined {
  return config
}

/** @throws {SpanprofError} `ERR_NOT_INITIALIZED` */
export function requiredConfig(): CheckedConfig {
  if (config !== undefined) return config
  throw new SpanprofError('ERR_NOT_INITIALIZED', 'not initialized: call init() first')
}

export function lastLogger(): Logger | undefined {
  return logger
}
