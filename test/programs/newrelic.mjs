// An app on New Relic's agent with its OpenTelemetry bridge, with spans of both APIs.
//   node newrelic.mjs <output directory> <folder of the packages>
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { apiSteps, inSpanOf, waits } from './api-steps.mjs'
import { notedPlaces, walk } from './span-places.mjs'
import { writeFacts } from './tracing.mjs'

const [outputDir, folder] = process.argv.slice(2)
const require = createRequire(join(folder, 'package.json'))

// There is no collector.
Object.assign(process.env, {
  NEW_RELIC_APP_NAME: 'app',
  NEW_RELIC_LICENSE_KEY: '0'.repeat(40),
  NEW_RELIC_HOST: '127.0.0.1',
  NEW_RELIC_PORT: '9',
  NEW_RELIC_LOG_ENABLED: 'false',
  NEW_RELIC_NO_CONFIG_FILE: 'true',
  NEW_RELIC_OPENTELEMETRY_ENABLED: 'true',
  NEW_RELIC_OPENTELEMETRY_METRICS_ENABLED: 'false',
  NEW_RELIC_OPENTELEMETRY_LOGS_ENABLED: 'false',
})
const newrelic = require('newrelic')
const api = require('@opentelemetry/api')
const tracer = api.trace.getTracer('app')

const spans = new Map()
function activeSpan() {
  const span = api.trace.getActiveSpan()
  if (span !== undefined) {
    const { spanId, traceId } = span.spanContext()
    spans.set(spanId, {
      spanId,
      traceId,
      name: span.name,
      parentId: span.parentSpanContext?.spanId,
    })
  }
  return span
}
const { places, burn } = notedPlaces(activeSpan)

const ownSteps = {
  async startBackgroundTransaction(name) {
    await newrelic.startBackgroundTransaction(name, async () => {
      burn(`${name}, at once`)
      await waits(name, burn)
      await newrelic.startSegment(`${name} segment`, true, async () => {
        burn(`${name}, in a segment`)
        await waits(`${name}, in a segment`, burn)
        await inSpanOf(tracer, `${name} bridged`, async () => {
          burn(`${name}, in a bridged span`)
          await waits(`${name}, in a bridged span`, burn)
        })
        burn(`${name}, after the bridged span`)
      })
      burn(`${name}, after the segment`)
      await waits(`${name}, after the segment`, burn)
    })
    burn(`${name}, over`)
  },
}
const steps = { ...apiSteps(api, tracer, burn), ...ownSteps }
await walk(steps, {
  burn,
  inSpan: (name, work) => inSpanOf(tracer, name, work),
  inOtherSpan: (name, work) => newrelic.startBackgroundTransaction(name, work),
})
writeFacts(outputDir, { places, spans: [...spans.values()] })
process.exit()
