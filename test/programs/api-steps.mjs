// What apps do with OpenTelemetry's API.
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import { EventEmitter, once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

const called = (register) => new Promise((resolve) => register(resolve))

/** Waits of each kind, after each of which code runs at a place. */
export async function waits(name, burn) {
  await null
  burn(`${name}, after null`)
  await sleep(1)
  burn(`${name}, after a timer`)
  await called(setImmediate)
  burn(`${name}, after an immediate`)
}

/** Runs `work` in a span that ends when `work` does. */
export function inSpanOf(tracer, name, work) {
  return tracer.startActiveSpan(name, async (span) => {
    try {
      return await work(span)
    } finally {
      span.end()
    }
  })
}

/** @param api the `@opentelemetry/api` of the library under test */
export function apiSteps({ context, ROOT_CONTEXT, trace }, tracer, burn) {
  return {
    async startActiveSpan(name) {
      await inSpanOf(tracer, name, async () => {
        burn(`${name}, at once`)
        tracer.startActiveSpan(`${name} nested`, (span) => {
          burn(`${name}, in a nested one`)
          span.end()
          burn(`${name}, in a nested one that has ended`)
        })
        burn(`${name}, after the nested one`)
        await waits(name, burn)
        await inSpanOf(tracer, `${name} nested again`, () => waits(`${name} nested again`, burn))
        burn(`${name}, after the nested waits`)
      })
      burn(`${name}, over`)
    },
    async 'startSpan and with'(name) {
      const span = tracer.startSpan(name)
      burn(`${name}, inactive`)
      const inside = trace.setSpan(context.active(), span)
      await context.with(inside, async () => {
        burn(`${name}, active`)
        await waits(name, burn)
        await context.with(ROOT_CONTEXT, async () => {
          burn(`${name}, root context`)
          await waits(`${name}, root context`, burn)
        })
        burn(`${name}, after the root context`)
      })
      burn(`${name}, over`)
      span.end()
    },
    async callbacks(name) {
      await inSpanOf(tracer, name, async () => {
        for (const register of [process.nextTick, queueMicrotask, setTimeout, setImmediate]) {
          await called((done) =>
            register(() => {
              burn(`${name}, ${register.name}`)
              done()
            }),
          )
        }
        const emitter = new EventEmitter().once('event', () => burn(`${name}, event`))
        setImmediate(() => emitter.emit('event'))
        await once(emitter, 'event')
      })
    },
    async 'bound functions'(name) {
      const span = tracer.startSpan(name)
      const there = trace.setSpan(context.active(), span)
      const bound = context.bind(there, (from) => burn(`${name}, bound, ${from}`))
      const byNode = context.with(there, () => [
        AsyncLocalStorage.bind((from) => burn(`${name}, bound by its storage, ${from}`)),
        AsyncResource.bind((from) => burn(`${name}, bound by a resource, ${from}`)),
      ])
      for (const from of ['at once', 'later']) {
        for (const call of [bound, ...byNode]) {
          call(from)
          burn(`${name}, after it, ${from}`)
        }
        await sleep(1)
      }
      span.end()
    },
    async 'a root amid'(name) {
      await tracer.startActiveSpan(name, { root: true }, async (span) => {
        burn(`${name}, at once`)
        await waits(name, burn)
        span.end()
      })
      burn(`${name}, over`)
    },
    async 'an error'(name) {
      const failing = inSpanOf(tracer, name, async () => {
        await null
        burn(`${name}, before it`)
        throw new Error('expected')
      })
      await failing.catch(() => burn(`${name}, caught`))
    },
  }
}
