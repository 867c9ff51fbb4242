// Contexts that are entered through the context manager's storage instead of its `with`, as tracing
// channels do.
//   node storage-contexts.mjs <output directory> <folder of the packages> <way>
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import { EventEmitter, once } from 'node:events'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inSpanOf, waits } from './api-steps.mjs'
import { joinSpanprof } from './joining.mjs'
import { notedPlaces, walk } from './span-places.mjs'
import { startTracing, writeFacts } from './tracing.mjs'

const [outputDir, folder, way] = process.argv.slice(2)
const require = createRequire(join(folder, 'package.json'))
const { context, ROOT_CONTEXT, trace } = require('@opentelemetry/api')
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks')

const contextManager = new AsyncLocalStorageContextManager().enable()
/** Each line of the SDK keeps its contexts here. It is what instrumentations bind to channels. */
const storage = contextManager._asyncLocalStorage
const { spanProcessors, stop } = await joinSpanprof(way)
const { finishedSpans } = await startTracing({
  way: 'none',
  require,
  contextManager,
  spanProcessors,
})
const tracer = trace.getTracer('channels')
const { places, burn } = notedPlaces(() => trace.getActiveSpan())
const called = (register) => new Promise((resolve) => register(resolve))
const inSpan = (span) => trace.setSpan(context.active(), span)

/** A channel as a library's instrumentation has it: a span from `start` to the end. */
function spanChannel(channelName) {
  const channel = tracingChannel(channelName)
  channel.start.bindStore(storage, (message) => {
    message.outside = storage.getStore()
    message.span = tracer.startSpan(message.name)
    return inSpan(message.span)
  })
  channel.asyncStart.bindStore(storage, ({ outside }) => outside)
  channel.subscribe({
    start: ({ name }) => burn(`${name}, start`),
    end(message) {
      burn(`${message.name}, end`)
      const isOver = 'result' in message || 'error' in message
      if (isOver) message.span.end()
    },
    asyncStart: ({ name }) => burn(`${name}, asyncStart`),
    asyncEnd: ({ name, span }) => {
      burn(`${name}, asyncEnd`)
      span.end()
    },
    error: ({ name }) => burn(`${name}, error`),
  })
  return channel
}

const channel = spanChannel('app')
const inner = spanChannel('app:inner')

const steps = {
  traceSync(name) {
    channel.traceSync(
      () => {
        burn(`${name}, at once`)
        inner.traceSync(() => burn(`${name}, in the inner one`), { name: `${name} inner` })
        burn(`${name}, after the inner one`)
        tracer.startActiveSpan(`${name} child`, (span) => {
          burn(`${name}, in a child`)
          span.end()
        })
        burn(`${name}, after the child`)
      },
      { name },
    )
    burn(`${name}, over`)
  },
  'traceSync that throws'(name) {
    try {
      channel.traceSync(
        () => {
          burn(`${name}, at once`)
          throw new Error('expected')
        },
        { name },
      )
    } catch {
      burn(`${name}, caught`)
    }
  },
  async tracePromise(name) {
    const result = channel.tracePromise(
      async () => {
        burn(`${name}, at once`)
        await waits(name, burn)
        await inner.tracePromise(
          async () => {
            burn(`${name}, in the inner one`)
            await waits(`${name} inner`, burn)
          },
          { name: `${name} inner` },
        )
        burn(`${name}, after the inner one`)
      },
      { name },
    )
    burn(`${name}, pending`)
    await result
    burn(`${name}, over`)
    await waits(`${name}, over`, burn)
  },
  async 'tracePromise that rejects'(name) {
    const fail = async () => {
      await null
      burn(`${name}, after null`)
      throw new Error('expected')
    }
    await channel.tracePromise(fail, { name }).catch(() => burn(`${name}, caught`))
    burn(`${name}, over`)
  },
  async traceCallback(name) {
    await called((done) => {
      channel.traceCallback(
        (callback) => {
          burn(`${name}, at once`)
          setImmediate(() => {
            burn(`${name}, in between`)
            callback(null, 'result')
            burn(`${name}, after the callback`)
          })
        },
        0,
        { name },
        undefined,
        () => {
          burn(`${name}, callback`)
          done()
        },
      )
      burn(`${name}, pending`)
    })
    burn(`${name}, over`)
  },
  async 'a channel without a span'(name) {
    const plain = tracingChannel('app:plain')
    plain.start.bindStore(storage, () => ROOT_CONTEXT)
    plain.traceSync(() => burn(`${name}, none`))
    await plain.tracePromise(() => waits(`${name}, none`, burn))
    plain.start.unbindStore(storage)
    plain.subscribe({ start() {} })
    plain.traceSync(() => burn(`${name}, unbound`))
    burn(`${name}, over`)
  },
  async run(name) {
    const span = tracer.startSpan(name)
    await storage.run(inSpan(span), async () => {
      burn(`${name}, at once`)
      await waits(name, burn)
      storage.run(undefined, () => burn(`${name}, of nothing`))
      burn(`${name}, after nothing`)
    })
    burn(`${name}, over`)
    span.end()
  },
  async exit(name) {
    storage.exit(() => burn(`${name}, at once`))
    burn(`${name}, over`)
    await storage.exit(() => waits(name, burn))
    burn(`${name}, over again`)
  },
  async enterWith(name) {
    const span = tracer.startSpan(name)
    const entered = async () => {
      storage.enterWith(inSpan(span))
      burn(`${name}, entered`)
      await waits(name, burn)
      setImmediate(() => burn(`${name}, in an immediate`))
      await sleep(1)
    }
    // Entered synchronously it would also last for the caller.
    await called(setImmediate).then(entered)
    burn(`${name}, over`)
    span.end()
  },
  async withScope(name) {
    if (storage.withScope === undefined) return
    const span = tracer.startSpan(name)
    const scope = storage.withScope(inSpan(span))
    burn(`${name}, entered`)
    scope[Symbol.dispose]()
    burn(`${name}, left`)
    await waits(name, burn)
    span.end()
  },
  async 'bound functions'(name) {
    const span = tracer.startSpan(name)
    const [bound, resourceBound, snapshot] = storage.run(inSpan(span), () => [
      AsyncLocalStorage.bind((from) => burn(`${name}, bound ${from}`)),
      AsyncResource.bind((from) => burn(`${name}, bound to a resource ${from}`)),
      AsyncLocalStorage.snapshot(),
    ])
    const call = (from) => {
      bound(from)
      burn(`${name}, after the bound one ${from}`)
      resourceBound(from)
      burn(`${name}, after that of the resource ${from}`)
      snapshot(() => burn(`${name}, snapshot ${from}`))
      burn(`${name}, after the snapshot ${from}`)
    }
    call('at once')
    await sleep(1)
    call('later')
    span.end()
  },
  async 'a generator'(name) {
    async function* chunks() {
      for (let i = 0; i < 2; i++) {
        await null
        burn(`${name}, in it ${i}`)
        yield i
      }
    }
    const span = tracer.startSpan(name)
    const iterator = storage.run(inSpan(span), () => chunks())
    for await (const i of iterator) burn(`${name}, of it ${i}`)
    span.end()
  },
  async 'an emitter'(name) {
    const emitter = new EventEmitter()
    emitter.once('event', () => burn(`${name}, listener`))
    const span = tracer.startSpan(name)
    storage.run(inSpan(span), () => setImmediate(() => emitter.emit('event')))
    await once(emitter, 'event')
    burn(`${name}, over`)
    span.end()
  },
}

await walk(steps, { burn, inSpan: (name, work) => inSpanOf(tracer, name, work) })
await stop()
writeFacts(outputDir, { places, spans: finishedSpans() })
