import { defaultLogger, type Logger, toLog } from '../logger.js'

let given: Logger | undefined

/**
 * From now on `logger` hears what a person should know: a warning where something was lost, an info
 * where it is well again. Its other methods are not called.
 */
export function setLogger(logger: Logger): void {
  given = logger
}

/** Whichever logger is set when there is something to say. */
export const currentLogger: Logger = {
  warn: (message) => (given ?? defaultLogger).warn(message),
  info: (message) => (given ?? defaultLogger).info(message),
}

export const log = toLog(currentLogger)
