// An app on dd-trace with its OpenTelemetry bridge, with spans of both APIs.
//   node dd-trace.mjs <output directory> <folder of the packages> <way>
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { apiSteps, inSpanOf, waits } from './api-steps.mjs'
import { joinSpanprof } from './joining.mjs'
import { notedPlaces, walk } from './span-places.mjs'
import { writeFacts } from './tracing.mjs'

const [outputDir, folder, way] = process.argv.slice(2)
const require = createRequire(join(folder, 'package.json'))

// There is no agent.
Object.assign(process.env, {
  DD_TRACE_AGENT_URL: 'http://127.0.0.1:9',
  DD_TRACE_STARTUP_LOGS: 'false',
  DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
  DD_REMOTE_CONFIGURATION_ENABLED: 'false',
  DD_CRASHTRACKING_ENABLED: 'false',
})
const ddTracer = require('dd-trace').init({ plugins: false }).use('http', true)
const http = require('node:http')
const api = require('@opentelemetry/api')
const { spanProcessors, stop } = await joinSpanprof(way)
new ddTracer.TracerProvider({ spanProcessors }).register()
const { context, trace } = api
const tracer = trace.getTracer('app')

const spans = new Map()
function activeSpan() {
  const span = trace.getActiveSpan()
  if (span !== undefined) {
    const { spanId, traceId } = span.spanContext()
    // One of dd-trace's own API has no name and no parent in OpenTelemetry's.
    const parentId = span._ddSpan.context()._parentId?.toString(16)
    spans.set(spanId, { spanId, traceId, name: span.name, parentId })
  }
  return span
}
const { places, burn } = notedPlaces(activeSpan)
const scope = ddTracer.scope()

const server = http.createServer(async (request, response) => {
  const name = `${decodeURIComponent(request.url.slice(1))}, server`
  burn(name)
  await waits(name, burn)
  await inSpanOf(tracer, `${name} bridged`, () => waits(`${name}, bridged`, burn))
  burn(`${name}, after the bridged one`)
  response.end('ok')
  burn(`${name}, after its end`)
})
await once(server.listen(0, '127.0.0.1'), 'listening')

const ownSteps = {
  async 'trace of its own API'(name) {
    await ddTracer.trace(name, async () => {
      burn(`${name}, at once`)
      await waits(name, burn)
      ddTracer.trace(`${name} nested`, () => burn(`${name}, in a nested one`))
      burn(`${name}, after the nested one`)
      await inSpanOf(tracer, `${name} bridged`, async () => {
        burn(`${name}, in a bridged one`)
        await waits(`${name}, in a bridged one`, burn)
        await ddTracer.trace(`${name} innermost`, () => waits(`${name}, innermost`, burn))
        burn(`${name}, after the innermost`)
      })
      burn(`${name}, after the bridged one`)
      await waits(`${name}, at last`, burn)
    })
    burn(`${name}, over`)
  },
  async 'scope of its own API'(name) {
    const span = ddTracer.startSpan(name)
    burn(`${name}, inactive`)
    const work = scope.activate(span, async () => {
      burn(`${name}, active`)
      await waits(name, burn)
    })
    burn(`${name}, pending`)
    await work
    burn(`${name}, over`)
    const bound = scope.bind(() => burn(`${name}, bound`), span)
    bound()
    burn(`${name}, after the bound one`)
    await scope.activate(null, async () => {
      burn(`${name}, none`)
      await waits(`${name}, none`, burn)
    })
    span.finish()
  },
  async 'wrap of its own API'(name) {
    const wrapped = ddTracer.wrap(name, (done) => {
      burn(`${name}, at once`)
      setImmediate(() => {
        burn(`${name}, in an immediate`)
        done()
        burn(`${name}, after its end`)
      })
    })
    await new Promise((resolve) => wrapped(resolve))
    burn(`${name}, over`)
  },
  async 'its instrumentation of http'(name) {
    const answer = await new Promise((resolve) => {
      const path = `/${encodeURIComponent(name)}`
      http.get({ port: server.address().port, path, agent: false }, (response) => {
        burn(`${name}, answer`)
        resolve(response)
      })
      burn(`${name}, pending`)
    })
    await once(answer.resume(), 'end')
    burn(`${name}, over`)
  },
  async baggage(name) {
    const { propagation } = api
    await inSpanOf(tracer, name, async () => {
      const baggage = propagation.createBaggage({ user: { value: 'one' } })
      await context.with(propagation.setBaggage(context.active(), baggage), async () => {
        burn(`${name}, at once`)
        await waits(name, burn)
      })
      burn(`${name}, after it`)
      await waits(`${name}, after it`, burn)
    })
  },
}

const steps = { ...apiSteps(api, tracer, burn), ...ownSteps }
await walk(steps, {
  burn,
  inSpan: (name, work) => inSpanOf(tracer, name, work),
  inOtherSpan: (name, work) => ddTracer.trace(name, work),
})
server.close()
await stop()
writeFacts(outputDir, { places, spans: [...spans.values()] })
