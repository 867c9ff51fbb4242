// An app on Splunk's distribution of OpenTelemetry, with the context manager of its profiler.
//   node splunk.mjs <output directory> <folder of the packages> <way>
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { apiSteps, inSpanOf } from './api-steps.mjs'
import { joinSpanprof } from './joining.mjs'
import { notedPlaces, walk } from './span-places.mjs'
import { recorded, writeFacts } from './tracing.mjs'

const [outputDir, folder, way] = process.argv.slice(2)
const require = createRequire(join(folder, 'package.json'))

// Selects no trace to profile, but sets the context manager.
process.env.SPLUNK_SNAPSHOT_PROFILER_ENABLED = 'true'
process.env.SPLUNK_SNAPSHOT_SELECTION_PROBABILITY = '0'
const splunk = require('@splunk/otel')
const { InMemorySpanExporter, SimpleSpanProcessor } = createRequire(
  require.resolve('@splunk/otel'),
)('@opentelemetry/sdk-trace-base')
const { spanProcessors, stop } = await joinSpanprof(way)
const exporter = new InMemorySpanExporter()
splunk.start({
  serviceName: 'app',
  metrics: false,
  tracing: {
    instrumentations: [],
    spanProcessorFactory: () => [...spanProcessors, new SimpleSpanProcessor(exporter)],
  },
})

const api = require('@opentelemetry/api')
assert.equal(api.context._getContextManager().constructor.name, 'ProfilingContextManager')
const tracer = api.trace.getTracer('app')
const { places, burn } = notedPlaces(() => api.trace.getActiveSpan())
const inSpan = (name, work) => inSpanOf(tracer, name, work)
await walk(apiSteps(api, tracer, burn), { burn, inSpan })
await stop()
const spans = exporter.getFinishedSpans().map(recorded)
writeFacts(outputDir, { places, spans })
await splunk.stop()
