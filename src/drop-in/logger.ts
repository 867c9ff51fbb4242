import { defaultLogger, type Logger, toLog } from '../logger.js'
import { lastLogger } from './configured.js'

/** Whichever logger is set when there is something to say. */
export const currentLogger: Logger = {
  warn: (message) => (lastLogger() ?? defaultLogger).warn(message),
  info: (message) => (lastLogger() ?? defaultLogger).info(message),
}

export const log = toLog(currentLogger)
