import { SpanprofError } from '../errors.js'
import { type CheckedConfig, checkConfig, type PyroscopeConfig, unknownKeys } from './config.js'
import { log } from './logger.js'

let configured: CheckedConfig | undefined

/**
 * Sets how this process is profiled, and starts nothing. A profiler that runs already is changed by the
 * next `start`.
 *
 * @throws {SpanprofError} `ERR_INVALID_OPTION`; its message lists every fault.
 */
export function init(config: PyroscopeConfig = {}): void {
  configured = checkConfig(config, process.env)
  const unknown = unknownKeys(config)
  if (unknown.length > 0) log('warn', `init knows nothing of ${unknown.join(', ')}`)
}

/** What `init` was called with last. */
export function lastConfig(): CheckedConfig | undefined {
  return configured
}

/** @throws {SpanprofError} `ERR_NOT_INITIALIZED` */
export function requiredConfig(): CheckedConfig {
  if (configured !== undefined) return configured
  throw new SpanprofError('ERR_NOT_INITIALIZED', 'nothing is configured: call init() first')
}
