// A web server with real instrumentations, which asks itself for what it is told to. Each request burns
// CPU in functions that carry its number.
//   node otel-servers.mjs <output directory> <framework> <way> [what to do as JSON]
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { cpuBurner } from './burn.mjs'
import { requireFromRoot, startTracing, writeFacts } from './tracing.mjs'

const [outputDir, framework, way, json = '{}'] = process.argv.slice(2)
const { requests = [{}], options = {}, ratio, burnMillis = 25 } = JSON.parse(json)

// With `spanprof/register` there is a profiler already.
const profiler =
  way === 'none'
    ? undefined
    : await import('spanprof').then(({ startProfiler }) =>
        startProfiler({ outputDir, samplingIntervalMicros: 1000, appName: 'server' }),
      )

const { HttpInstrumentation } = requireFromRoot('@opentelemetry/instrumentation-http')
const { UndiciInstrumentation } = requireFromRoot('@opentelemetry/instrumentation-undici')
const instrumentations = [new HttpInstrumentation(), new UndiciInstrumentation()]
if (framework === 'express') {
  const { ExpressInstrumentation } = requireFromRoot('@opentelemetry/instrumentation-express')
  instrumentations.push(new ExpressInstrumentation())
}
if (framework === 'fastify') {
  const { FastifyOtelInstrumentation } = requireFromRoot('@fastify/otel')
  instrumentations.push(new FastifyOtelInstrumentation({ registerOnInitialization: true }))
}
const { ParentBasedSampler, TraceIdRatioBasedSampler } = requireFromRoot(
  '@opentelemetry/sdk-trace-node',
)
const sampler = ratio && new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) })
const { finishedSpans } = await startTracing({ way, options, instrumentations, sampler })

// Required after the instrumentations, as an instrumented app has to.
const require = createRequire(import.meta.url)
const http = require('node:http')
const { trace } = require('@opentelemetry/api')
const tracer = trace.getTracer('app')

// Another service, which no instrumentation sees.
const upstream = require('node:net').createServer((socket) => {
  socket.once('data', () =>
    socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok'),
  )
})
await once(upstream.listen(0, '127.0.0.1'), 'listening')
const upstreamUrl = `http://127.0.0.1:${upstream.address().port}`

const burn = (name) => cpuBurner(name)(burnMillis)

/** The work of a request: before and after waits, in a span of its own, around a request to elsewhere. */
async function work(id) {
  burn(`first_${id}`)
  await sleep(1)
  burn(`later_${id}`)
  await tracer.startActiveSpan('load user', async (span) => {
    await null
    burn(`child_${id}`)
    span.end()
  })
  const response = await fetch(upstreamUrl)
  await response.text()
  burn(`fetched_${id}`)
}

const servers = {
  http() {
    const { context } = require('@opentelemetry/api')
    const { getRPCMetadata } = requireFromRoot('@opentelemetry/core')
    return http.createServer(async (request, response) => {
      const id = request.url.split('/')[2]
      await work(id)
      // As frameworks do once they have found the route.
      const metadata = getRPCMetadata(context.active())
      if (metadata) metadata.route = '/users/:id'
      response.end('ok')
    })
  },
  express() {
    const app = require('express')()
    app.use((request, _response, next) => {
      burn(`middleware_${request.url.split('/')[2]}`)
      next()
    })
    app.get('/users/:id', async (request, response) => {
      await work(request.params.id)
      response.send('ok')
    })
    return http.createServer(app)
  },
  async fastify() {
    const app = require('fastify')()
    app.addHook('onRequest', async (request) => {
      burn(`middleware_${request.url.split('/')[2]}`)
    })
    app.get('/users/:id', async (request) => {
      await work(request.params.id)
      return 'ok'
    })
    await app.ready()
    return app.server
  },
}

const server = await servers[framework]()
await once(server.listen(0, '127.0.0.1'), 'listening')

/** By a socket of its own, so that what is asked has no span and no context here. */
async function ask(id, traceparent) {
  const socket = connect(server.address().port, '127.0.0.1')
  const header = traceparent ? `traceparent: ${traceparent}\r\n` : ''
  socket.write(`GET /users/${id} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${header}\r\n`)
  socket.resume()
  await once(socket, 'close')
}

await Promise.all(requests.map(({ traceparent }, id) => ask(id, traceparent)))
server.close()
upstream.close()
await profiler?.stop()
writeFacts(outputDir, { spans: finishedSpans() })
