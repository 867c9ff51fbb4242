import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstanceLike } from '../pull/middleware.js'
import { pulledType } from '../pull/paths.js'

/** Answers requests for profiles and leaves all others to `next`, or refuses them where there is none. */
export type PullHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void

/** A Fastify plugin, of version 4 or 5. */
export type PullPlugin = (
  fastify: FastifyInstanceLike,
  options: object,
  done: (error?: Error) => void,
) => void

/**
 * For `node:http`: `createServer(pullHandler())`, or called with the requests that it should see. It
 * answers `GET /debug/pprof/profile`, `/debug/pprof/wall` and `/debug/pprof/heap`; any other path goes
 * to `next`, or is answered 404 where there is none.
 *
 * Profiles are taken beside a running profiler, or without one. What `init` has set holds for them; it
 * need not have been called.
 */
export function pullHandler(): PullHandler {
  return (request, response, next) => {
    if (next !== undefined && pulledType(request.url ?? '') === undefined) return next()
    load()
      .then(({ handle, settings }) => handle(request, response, settings))
      .catch((error) => (next === undefined ? response.destroy(error) : next(error)))
  }
}

/** For Express: `app.use(expressMiddleware())`. @see pullHandler */
export function expressMiddleware(): PullHandler {
  return pullHandler()
}

/** For Fastify: `app.register(fastifyMiddleware())`. @see pullHandler */
export function fastifyMiddleware(): PullPlugin {
  return (fastify, _options, done) => {
    load().then(({ addRoutes, settings }) => {
      addRoutes(fastify, settings)
      done()
    }, done)
  }
}

/** Not before it is needed, so that an import of the package stays fast. */
async function load() {
  const [middleware, { settings }] = await Promise.all([
    import('../pull/middleware.js'),
    import('./pull-settings.js'),
  ])
  return { ...middleware, settings }
}
