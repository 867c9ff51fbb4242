import { debuglog } from 'node:util'
import type { Log } from './failure-burst.js'

/** Hears what a person should know. `console` is one. */
export interface Logger {
  /** Something was lost. */
  warn(message: string): void
  /** It is well again. */
  info(message: string): void
}

/** Made when first used, as making it opens the standard error stream. */
let debugLogger: ReturnType<typeof debuglog> | undefined
function debug(format: string, value: unknown): void {
  debugLogger ??= debuglog('spanprof')
  debugLogger(format, value)
}

/**
 * Node's own channel for libraries: visible, in the app's hands, off with `--no-warnings`. At once,
 * where `process.emitWarning` would wait for a next tick, which never comes when the process ends.
 */
export const defaultLogger: Logger = {
  warn: (message) => process.emit('warning', new SpanprofWarning(message)),
  info: (message) => debug('%s', message),
}

class SpanprofWarning extends Error {
  override readonly name = 'SpanprofWarning'
}

/** A logger that throws must not reach the app's event loop through us. */
export function toLog(logger: Logger = defaultLogger): Log {
  return (level, message) => {
    try {
      logger[level](`spanprof: ${message}`)
    } catch (error) {
      debug('the logger threw: %s', error)
    }
  }
}
