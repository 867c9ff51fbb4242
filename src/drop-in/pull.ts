import type { ProfileOptions } from '../options.js'
import type { PullSettings } from '../pull/answer.js'
import {
  type FastifyPluginLike,
  handlePulls,
  type PullHandler,
  pullPlugin,
} from '../pull/middleware.js'
import { lastConfig } from './configured.js'
import { log } from './logger.js'

/**
 * For `node:http`: `createServer(pullHandler())`, or called with the requests that it should see. It
 * answers `GET /debug/pprof/profile`, `/debug/pprof/wall` and `/debug/pprof/heap`; any other path goes
 * to `next`, or is answered 404 where there is none.
 *
 * Profiles are taken beside a running profiler, or without one. What `init` has set holds for them; it
 * need not have been called.
 */
export function pullHandler(): PullHandler {
  return handlePulls(SETTINGS)
}

/** For Express: `app.use(expressMiddleware())`. @see pullHandler */
export function expressMiddleware(): PullHandler {
  return handlePulls(SETTINGS)
}

/** For Fastify 4 and 5: `app.register(fastifyMiddleware())`. @see pullHandler */
export function fastifyMiddleware(): FastifyPluginLike {
  return pullPlugin(SETTINGS)
}

const SETTINGS: PullSettings = { options, log }

function options(): ReturnType<PullSettings['options']> {
  const config = lastConfig()
  if (config === undefined) return {}
  const { appName, tags, wall, stripFilenames, shortenPaths } = config
  const { samplingIntervalMicros } = wall
  const known = { appName, tags, samplingIntervalMicros, stripFilenames, shortenPaths }
  return known as Omit<ProfileOptions, 'durationMs'> // Where it has undefined, nothing is given.
}
