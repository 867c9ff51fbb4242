// Traces requests, forgets them, and prints how many of their objects are still there once the windows
// they ran in are closed. Wants --expose-gc.
//   node --expose-gc otel-memory.mjs <output directory> <way> [options as JSON]
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises'
import { context, createContextKey, trace } from '@opentelemetry/api'
import { startProfiler, withLabels } from 'spanprof'
import { SpanProfilesProcessor, wrapTracerProvider } from 'spanprof/otel'
import { burner } from './burn.mjs'
import { requireFromRoot } from './tracing.mjs'

const [outputDir, way, json = '{}'] = process.argv.slice(2)
const options = JSON.parse(json)
const REQUESTS = 50

const { NodeTracerProvider } = requireFromRoot('@opentelemetry/sdk-trace-node')
const { AsyncLocalStorageContextManager } = requireFromRoot('@opentelemetry/context-async-hooks')
const { HttpInstrumentation } = requireFromRoot('@opentelemetry/instrumentation-http')

// The flush is not what lets go of anything: there is none, but those that are asked for.
const profiler = await startProfiler({
  outputDir,
  samplingIntervalMicros: 1000,
  flushIntervalMs: 600_000,
})
const spanProcessors = way === 'processor' ? [new SpanProfilesProcessor(options)] : []
const inner = new NodeTracerProvider({ spanProcessors })
const provider = way === 'wrapper' ? wrapTracerProvider(inner, options) : inner
trace.setGlobalTracerProvider(provider)
context.setGlobalContextManager(new AsyncLocalStorageContextManager())
new HttpInstrumentation({
  requestHook: (span, message) => remember({ httpSpans: span, httpMessages: message }),
}).setTracerProvider(provider)
const tracer = trace.getTracer('memory')
const http = createRequire(import.meta.url)('node:http')

const key = createContextKey('request')
const burn = burner('burn')
let refs = {}
function remember(objects) {
  for (const [kind, object] of Object.entries(objects)) {
    refs[kind] ??= []
    refs[kind].push(new WeakRef(object))
  }
}

async function request(id) {
  const request = { url: `/users/${id}` }
  await tracer.startActiveSpan('GET', async (span) => {
    const inside = context.active().setValue(key, request)
    remember({ requests: request, spans: span, contexts: context.active(), inner: inside })
    await context.with(inside, async () => {
      burn(1)
      await sleep(1)
      await tracer.startActiveSpan(`query ${id % 7}`, async (child) => {
        remember({ children: child, childContexts: context.active() })
        await null
        withLabels({ id }, () => burn(1))
        child.end()
      })
    })
    span.updateName('GET /users/:id')
    span.end()
  })
}

async function requests() {
  await Promise.all(Array.from({ length: REQUESTS }, (_, id) => request(id)))
}

async function httpRequests() {
  const server = http.createServer(async (_request, response) => {
    await sleep(1)
    burn(1)
    response.sendDate = false // Node.js keeps the date in a timer of a second, made in some request.
    response.end('ok')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  for (let i = 0; i < REQUESTS; i++) {
    const socket = connect(server.address().port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
    socket.resume()
    await once(socket, 'close')
  }
  server.close()
  await once(server, 'close')
}

/** How many of each kind were made, and how many are left after as many collections as it takes. */
async function left() {
  let alive = {}
  for (let round = 0; round < 8; round++) {
    await immediate()
    globalThis.gc()
    await immediate()
    alive = Object.fromEntries(
      Object.entries(refs).map(([kind, list]) => [
        kind,
        list.filter((ref) => ref.deref() !== undefined).length,
      ]),
    )
    if (Object.values(alive).every((count) => count === 0)) break
  }
  const made = Object.fromEntries(Object.entries(refs).map(([kind, { length }]) => [kind, length]))
  refs = {}
  return { made, alive }
}

/** Until all that ran so far is in closed windows; nothing else happens meanwhile. */
async function idle() {
  const before = profiler.stats().windows
  while (profiler.stats().windows < before + 2) await sleep(20)
}

async function work() {
  await requests()
  await httpRequests()
}

const found = {}
await work()
await idle()
found.idle = await left()
await work()
await profiler.flush()
found.flushed = await left()
// That what is kept is seen.
const kept = tracer.startSpan('kept')
remember({ kept })
found.kept = await left()
kept.end()

await profiler.stop()
console.log(JSON.stringify(found))
