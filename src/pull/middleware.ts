import type { IncomingMessage, ServerResponse } from 'node:http'
import type { PullAnswer, PullSettings } from './answer.js'
import { PATHS, type PulledType, pulledType, queryOf } from './paths.js'

/** Answers requests for profiles and leaves all others to `next`, or refuses them where there is none. */
export type PullHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void

/** What of a Fastify instance is needed here. */
export interface FastifyInstanceLike {
  all(
    path: string,
    handler: (request: FastifyRequestLike, reply: FastifyReplyLike) => Promise<unknown>,
  ): unknown
}

export interface FastifyRequestLike {
  readonly method: string
  readonly url: string
}

export interface FastifyReplyLike {
  readonly raw: ServerResponse
  code(status: number): this
  headers(values: Record<string, string>): this
  send(body: unknown): this
  hijack(): unknown
}

export type FastifyPluginLike = (
  fastify: FastifyInstanceLike,
  options: object,
  done: (error?: Error) => void,
) => void

export function handlePulls(settings: PullSettings): PullHandler {
  return (request, response, next) => {
    const target = request.url ?? ''
    const type = pulledType(target)
    if (type !== undefined) {
      void pull(type, request.method, target, response, settings).then((answer) => {
        if (answer !== undefined) send(response, answer)
      })
    } else if (next !== undefined) {
      next()
    } else {
      send(response, NOT_FOUND)
    }
  }
}

/** For Fastify 4 and 5. */
export function pullPlugin(settings: PullSettings): FastifyPluginLike {
  return (fastify, _options, done) => {
    for (const path of PATHS) {
      // Not the request's own path, which begins with the prefix that the plugin is registered under.
      const type = pulledType(path) as PulledType
      fastify.all(path, async ({ method, url }, reply) => {
        const answer = await pull(type, method, url, reply.raw, settings)
        if (answer === undefined) return reply.hijack()
        return reply.code(answer.status).headers(answer.headers).send(answer.body)
      })
    }
    done()
  }
}

/**
 * What takes profiles is loaded when the first one is asked for. Never rejects.
 *
 * @returns `undefined` where the client has left.
 */
async function pull(
  type: PulledType,
  method: string | undefined,
  target: string,
  response: ServerResponse,
  settings: PullSettings,
): Promise<PullAnswer | undefined> {
  const left = new AbortController()
  const onClose = () => left.abort()
  response.once('close', onClose)
  try {
    const { answerPull } = await import('./answer.js')
    return await answerPull({ type, method, query: queryOf(target), signal: left.signal }, settings)
  } catch (error) {
    return { status: 500, headers: {}, body: (error as Error).message }
  } finally {
    response.off('close', onClose)
  }
}

function send(response: ServerResponse, { status, headers, body }: PullAnswer): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, headers)
  response.end(body)
}

const NOT_FOUND: PullAnswer = {
  status: 404,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: `there is ${PATHS.join(', ')}\n`,
}
