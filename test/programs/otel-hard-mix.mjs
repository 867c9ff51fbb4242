// Concurrent requests through everything that carries an OpenTelemetry context. Every place that burns
// CPU does so in a function of its own, so that each sample tells which span it should belong to.
//   node otel-hard-mix.mjs <output directory> <samples> <way> <context manager> [options as JSON]
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import { PassThrough, Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setInterval as intervals, setTimeout as sleep } from 'node:timers/promises'
import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { startProfiler, withLabels } from 'spanprof'
import { burner } from './burn.mjs'
import { requireCore, requireFromRoot, startTracing, writeFacts } from './tracing.mjs'

const [outputDir, samples, way, manager, options = '{}'] = process.argv.slice(2)
const { suppressTracing } = requireCore()
const { [manager]: ContextManager } = requireFromRoot('@opentelemetry/context-async-hooks')
const NAMES = 8

const server = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1')
await once(server, 'listening')
const url = `http://127.0.0.1:${server.address().port}`

// Names may change until the flush, which is the one at the end.
const profiler = await startProfiler({
  outputDir,
  samplingIntervalMicros: 1000,
  flushIntervalMs: 600_000,
})
const { finishedSpans } = await startTracing({
  way,
  // Functions that are bound in a span run for as long as the mix does.
  options: { labelsAfterEnd: 'all', ...JSON.parse(options) },
  contextManager: new ContextManager().enable(),
})
const tracer = trace.getTracer('mix')

const sites = []
/**
 * @param at `span` that is active here, none if undefined; `user` labels in force; `orNone` where
 *   samples may also have no span.
 */
function burn({ span, user = {}, orNone = false }) {
  const site = sites.push({ spanId: span?.spanContext().spanId, user, orNone }) - 1
  burner(`burn_${site}`)(1 + Math.random() * 5)
}

const random = (count) => Math.floor(Math.random() * count)
const pick = (list) => list[random(list.length)]
const name = (kind) => `${kind} ${random(NAMES)}`
const called = (register) => new Promise((resolve) => register(resolve))

/** A child span that is active in `work`, which gets what `burn` takes. */
function inChild(at, work, spanOptions = {}) {
  return tracer.startActiveSpan(name('child'), spanOptions, (span) => {
    const inside = { ...at, span }
    const end = () => {
      if (random(3) === 0) span.updateName(name('renamed child'))
      span.end()
    }
    try {
      const result = work(inside)
      if (typeof result?.then === 'function') return result.then(end)
    } catch (error) {
      span.end()
      throw error
    }
    end()
  })
}

function nestedSync(at, depth) {
  burn(at)
  if (depth === 0) return
  inChild(at, (inner) => nestedSync(inner, depth - 1))
  burn(at)
}

async function nestedAsync(at, depth) {
  burn(at)
  await pick([() => null, () => sleep(1), () => called(setImmediate)])()
  burn(at)
  if (depth === 0) return
  await inChild(at, (inner) => nestedAsync(inner, depth - 1))
  burn(at)
}

// What one span has bound, another one calls, under the user labels of the caller or of the binder.
const bound = []

const steps = [
  async (at) => {
    await null
    burn(at)
  },
  async (at) => {
    await sleep(1)
    burn(at)
  },
  async (at) => {
    for (const register of [setImmediate, process.nextTick, queueMicrotask, setTimeout]) {
      await called((done) =>
        register(() => {
          burn(at)
          done()
        }),
      )
    }
    burn(at)
  },
  (at) => nestedSync(at, 3),
  (at) => nestedAsync(at, 3),
  (at) => Promise.all([0, 1, 2].map(() => inChild(at, (inner) => nestedAsync(inner, 1)))),
  // A span that is not active until its context is.
  async (at) => {
    const span = tracer.startSpan(name('set'))
    burn(at)
    const inside = { ...at, span }
    await context.with(trace.setSpan(context.active(), span), async () => {
      burn(inside)
      await sleep(1)
      burn(inside)
    })
    burn(at)
    span.end()
  },
  // One that ends while its context is active.
  (at) =>
    tracer.startActiveSpan(name('ended'), async (span) => {
      const inside = { ...at, span }
      burn(inside)
      span.end()
      burn(inside)
      await null
      burn(inside)
      await inChild(inside, (inner) => nestedAsync(inner, 0))
    }),
  // One that is renamed after the work.
  (at) =>
    tracer.startActiveSpan(name('GET'), async (span) => {
      burn({ ...at, span })
      await sleep(1)
      burn({ ...at, span })
      span.updateName(name('GET /renamed'))
      burn({ ...at, span })
      span.end()
    }),
  // The same span in several contexts, entered from nowhere.
  async (at) => {
    const again = trace.setSpan(ROOT_CONTEXT, at.span)
    await Promise.all(
      [0, 1].map(() =>
        context.with(again, async () => {
          burn(at)
          await sleep(1)
          burn(at)
        }),
      ),
    )
  },
  async (at) => {
    const response = await fetch(url)
    burn(at)
    await inChild(at, async (inner) => {
      await response.text()
      burn(inner)
    })
  },
  async (at) => {
    const transform = new Transform({
      objectMode: true,
      transform(chunk, _encoding, done) {
        burn(at)
        done(null, chunk)
      },
    })
    await pipeline(Readable.from(['a', 'b', 'c']), transform, async (chunks) => {
      for await (const _ of chunks) burn(at)
    })
  },
  async (at) => {
    async function* generator() {
      for (let i = 0; i < 3; i++) {
        await sleep(1)
        burn(at)
        yield i
        burn(at)
      }
    }
    for await (const _ of generator()) {
      burn(at)
      await inChild(at, (inner) => nestedAsync(inner, 0))
    }
    for await (const _ of intervals(1)) {
      burn(at)
      break
    }
  },
  // A plain emitter calls its listeners in the context of who emits.
  async (at) => {
    const emitter = new EventEmitter().once('event', () => burn(at))
    setImmediate(() => emitter.emit('event'))
    await once(emitter, 'event')
    burn(at)
  },
  (at) => {
    const span = tracer.startSpan(name('bound'))
    const there = trace.setSpan(context.active(), span)
    const emitter = context.bind(there, new EventEmitter())
    emitter.on('event', (user) => burn({ span, user }))
    const stream = context.bind(there, new PassThrough({ objectMode: true }))
    stream.on('custom', (user) => burn({ span, user }))
    bound.push(
      (caller) => emitter.emit('event', caller.user),
      (caller) => stream.emit('custom', caller.user),
      context.bind(there, (caller) => burn({ span, user: caller.user })),
      context.with(there, () => AsyncLocalStorage.bind(() => burn({ ...at, span }))),
      context.with(there, () => AsyncResource.bind(() => burn({ ...at, span }))),
    )
    span.end()
  },
  (at) => {
    for (const call of bound.splice(0, 4)) {
      call(at)
      burn(at)
    }
  },
  (at) => {
    context.with(suppressTracing(context.active()), () => {
      burn(at)
      tracer.startActiveSpan('suppressed', (suppressed) => {
        burn({ ...at, orNone: true })
        suppressed.end()
      })
      burn(at)
    })
  },
  async (at) => {
    const user = { ...at.user, tenant: `tenant ${random(3)}` }
    const inside = { ...at, user }
    await withLabels({ tenant: user.tenant }, async () => {
      burn(inside)
      await inChild(inside, (inner) => nestedAsync(inner, 1))
      burn(inside)
    })
    burn(at)
  },
  // A trace of its own amid another one.
  (at) => inChild(at, (inner) => nestedAsync(inner, 1), { root: true }),
  async (at) => {
    await context.with(ROOT_CONTEXT, async () => {
      burn({ ...at, span: undefined })
      await sleep(1)
      burn({ ...at, span: undefined })
      await inChild(at, (inner) => nestedAsync(inner, 1))
    })
    burn(at)
  },
  (at) => {
    try {
      inChild(at, (inner) => {
        burn(inner)
        throw new Error('expected')
      })
    } catch {
      burn(at)
    }
  },
]

const remoteParent = () => ({
  traceId: `${Math.random().toString(16).slice(2).padEnd(13, 'a')}${'f'.repeat(19)}`,
  spanId: `${Math.random().toString(16).slice(2).padEnd(13, 'b')}fff`,
  traceFlags: 1,
  isRemote: true,
})

async function request(user) {
  const parent =
    random(2) === 0 ? trace.setSpanContext(ROOT_CONTEXT, remoteParent()) : context.active()
  await tracer.startActiveSpan(name('GET'), {}, parent, async (span) => {
    const at = { span, user }
    burn(at)
    for (let i = 0; i < 12; i++) {
      await pick(steps)(at)
      burn(at)
    }
    if (random(2) === 0) span.updateName(name('GET /users/:id'))
    burn(at)
    span.end()
  })
  burn({ user })
}

async function client() {
  while (profiler.stats().samples < Number(samples)) {
    const kind = `kind ${random(2)}`
    await (random(2) === 0 ? withLabels({ kind }, () => request({ kind })) : request({}))
  }
}
await Promise.all(Array.from({ length: 12 }, client))
await profiler.stop()
writeFacts(outputDir, { sites, spans: finishedSpans(), stats: profiler.stats() })
server.close()
server.closeAllConnections()
