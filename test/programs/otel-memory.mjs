// Traces requests, forgets them, and prints how many of their objects are still there once the windows
// they ran in are closed. Wants --expose-gc.
//   node --expose-gc otel-memory.mjs <output directory> <way> [options as JSON]
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { connect, createServer } from 'node:net'
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
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

const countOf = (list) => list.filter((ref) => ref.deref() !== undefined).length
const eachKind = (count) =>
  Object.fromEntries(Object.entries(refs).map(([kind, list]) => [kind, count(list)]))
const isNothing = (counts) => Object.values(counts).every((count) => count === 0)

/** How many of each kind were made, and how many are left after as many collections as it takes. */
async function left() {
  let alive = {}
  for (let round = 0; round < 8; round++) {
    await immediate()
    globalThis.gc()
    await immediate()
    alive = eachKind(countOf)
    if (isNothing(alive)) break
  }
  return taken(alive)
}

function taken(alive) {
  const made = eachKind(({ length }) => length)
  refs = {}
  return { made, alive }
}

/**
 * The same, told by another thread, when the last that this one has run was a part of a span: whoever
 * looks from this thread runs something else first.
 */
async function leftWhenIdle() {
  let isIdle = false
  const counted = new Promise((resolve) => {
    globalThis.idle = {
      windows: () => (isIdle ? profiler.stats().windows : -1),
      alive: () => eachKind(countOf),
      tell: (alive) => resolve(taken(alive)),
    }
  })
  const watcher = new Worker(WATCHER, { eval: true, execArgv: [] })
  const keepAlive = createServer().listen(0)
  await once(watcher, 'online')
  tracer.startActiveSpan('last', (span) => {
    remember({ last: span, lastContexts: context.active() })
    setTimeout(() => {
      burn(1)
      span.end()
      isIdle = true
    }, 1)
  })
  const result = await counted
  keepAlive.close()
  watcher.unref()
  return result
}

const WATCHER = `
  const { Session } = require('node:inspector/promises')
  const { setTimeout: sleep } = require('node:timers/promises')
  const keepAlive = setInterval(() => {}, 1000) // An answer that is waited for does not.
  const session = new Session()
  session.connectToMainThread()
  const ask = async (expression) => {
    const { result } = await session.post('Runtime.evaluate', { expression, returnByValue: true })
    return result.value
  }
  async function watch() {
    let first = -1
    while (first < 0) {
      await sleep(10)
      first = await ask('idle.windows()')
    }
    while (await ask('idle.windows()') < first + 2) await sleep(10)
    let alive
    for (let round = 0; round < 8; round++) {
      await session.post('HeapProfiler.collectGarbage')
      alive = await ask('idle.alive()')
      if (Object.values(alive).every((count) => count === 0)) break
    }
    await ask('idle.tell(' + JSON.stringify(alive) + ')')
    clearInterval(keepAlive)
  }
  watch()`

async function work() {
  await requests()
  await httpRequests()
}

const found = {}
await work()
found.idle = await leftWhenIdle()
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
