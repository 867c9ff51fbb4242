import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerPull, type PullAnswer, type PullSettings } from './answer.js'
import { PATHS, type PulledType, pulledType, queryOf } from './paths.js'

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

/** What is no request for a profile is answered 404. */
export async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  settings: PullSettings,
): Promise<void> {
  const target = request.url ?? ''
  const type = pulledType(target)
  const answer =
    type === undefined ? NOT_FOUND : await pull(type, request.method, target, response, settings)
  if (answer !== undefined) send(response, answer)
}

/** For Fastify 4 and 5. */
export function addRoutes(fastify: FastifyInstanceLike, settings: PullSettings): void {
  for (const path of PATHS) {
    // Not the request's own path, which begins with the prefix that the plugin is registered under.
    const type = pulledType(path) as PulledType
    fastify.all(path, async ({ method, url }, reply) => {
      const answer = await pull(type, method, url, reply.raw, settings)
      if (answer === undefined) return reply.hijack()
      return reply.code(answer.status).headers(answer.headers).send(answer.body)
    })
  }
}

/** @returns `undefined` where the client has left. */
async function pull(
  type: PulledType,
  method: string | undefined,
  target: string,
  response: ServerResponse,
  settings: PullSettings,
): Promise<PullAnswer | undefined> {
  const left = new AbortController()
  const onClose = () => left.abort()
  if (response.destroyed) onClose() // While this file was being loaded.
  response.once('close', onClose)
  try {
    return await answerPull({ type, method, query: queryOf(target), signal: left.signal }, settings)
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
  body: `not found; available: ${PATHS.join(', ')}\n`,
}
