// An app on Sentry that runs code at every place where Sentry changes the active span.
//   node sentry.mjs <output directory> <folder of the packages> <way> <tracer provider>
import { EventEmitter, once } from 'node:events'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { waits } from './api-steps.mjs'
import { joinSpanprof } from './joining.mjs'
import { initSentry } from './sentry-app.mjs'
import { notedPlaces, walk } from './span-places.mjs'
import { writeFacts } from './tracing.mjs'

const [outputDir, folder, way, provider] = process.argv.slice(2)
const require = createRequire(join(folder, 'package.json'))
const { spanProcessors, stop } = await joinSpanprof(way)
const { Sentry, recordedSpans } = initSentry(require, () => ({
  openTelemetryBasicTracerProvider: provider === 'that of the SDK',
  openTelemetrySpanProcessors: spanProcessors,
}))
const { places, burn } = notedPlaces(() => Sentry.getActiveSpan())
const called = (register) => new Promise((resolve) => register(resolve))
const headers = (sampled) => ({
  sentryTrace: `0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-${sampled}`,
  baggage: undefined,
})

const steps = {
  async startSpan(name) {
    await Sentry.startSpan({ name }, async () => {
      burn(`${name}, at once`)
      Sentry.startSpan({ name: `${name} nested` }, () => burn(`${name} nested, at once`))
      burn(`${name}, after the nested one`)
      await waits(name, burn)
      await Sentry.startSpan({ name: `${name} nested again` }, () =>
        waits(`${name} nested again`, burn),
      )
      burn(`${name}, after the nested waits`)
    })
    burn(`${name}, over`)
  },
  async startSpanManual(name) {
    await Sentry.startSpanManual({ name }, async (span, finish) => {
      burn(`${name}, at once`)
      await waits(name, burn)
      finish()
      burn(`${name}, after its end`)
      await null
      burn(`${name}, a tick after its end`)
      return span
    })
    burn(`${name}, over`)
  },
  async startInactiveSpan(name) {
    const span = Sentry.startInactiveSpan({ name })
    burn(`${name}, inactive`)
    await Sentry.withActiveSpan(span, async () => {
      burn(`${name}, active`)
      await waits(`${name}, active`, burn)
      await Sentry.withActiveSpan(null, async () => {
        burn(`${name}, none`)
        await waits(`${name}, none`, burn)
      })
      burn(`${name}, active again`)
    })
    burn(`${name}, inactive again`)
    span.end()
  },
  async 'a parent of its own'(name) {
    const parent = Sentry.startInactiveSpan({ name })
    await Sentry.startSpan({ name: `${name} child`, parentSpan: parent }, () => waits(name, burn))
    await Sentry.startSpan({ name: `${name} transaction`, forceTransaction: true }, () =>
      waits(`${name} transaction`, burn),
    )
    parent.end()
  },
  async continueTrace(name) {
    await Sentry.continueTrace(headers(1), async () => {
      burn(`${name}, at once`)
      await Sentry.startSpan({ name }, async () => {
        burn(`${name}, in its span`)
        await waits(`${name}, in its span`, burn)
      })
      burn(`${name}, after its span`)
      await waits(name, burn)
    })
    burn(`${name}, over`)
  },
  async startNewTrace(name) {
    await Sentry.startNewTrace(async () => {
      burn(`${name}, at once`)
      await Sentry.startSpan({ name }, async () => {
        burn(`${name}, in its span`)
        await waits(`${name}, in its span`, burn)
      })
      burn(`${name}, after its span`)
      await waits(name, burn)
    })
    burn(`${name}, over`)
  },
  async scopes(name) {
    for (const kind of ['withScope', 'withIsolationScope']) {
      await Sentry[kind](async () => {
        burn(`${name}, ${kind}`)
        await waits(`${name}, ${kind}`, burn)
        Sentry.startSpan({ name: `${name} ${kind}` }, () => burn(`${name}, span ${kind}`))
      })
      burn(`${name}, after ${kind}`)
    }
  },
  async callbacks(name) {
    await Sentry.startSpan({ name }, async () => {
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
  async 'an error'(name) {
    await Sentry.startSpan({ name }, async () => {
      await null
      burn(`${name}, before it`)
      throw new Error('expected')
    }).catch(() => burn(`${name}, caught`))
  },
  async 'no parent'(name) {
    const suppressed = { isSuppressed: true, around: Sentry.getActiveSpan()?.spanContext().spanId }
    await Sentry.suppressTracing(async () => {
      burn(`${name}, suppressed`)
      await Sentry.startSpan({ name }, async () => {
        burn(`${name}, in a suppressed span`, suppressed)
        await null
        burn(`${name}, in a suppressed span, after null`, suppressed)
      })
    })
    burn(`${name}, over`)
  },
}

const inSpan = (name, work) => Sentry.startSpan({ name }, work)
await walk(steps, { burn, inSpan })
await stop()
writeFacts(outputDir, { places, spans: recordedSpans() })
