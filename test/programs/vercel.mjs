// An app on @vercel/otel outside of Next.js.
//   node vercel.mjs <output directory> <folder of the packages> <way>
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { apiSteps, inSpanOf } from './api-steps.mjs'
import { joinSpanprof } from './joining.mjs'
import { notedPlaces, walk } from './span-places.mjs'
import { recorded, writeFacts } from './tracing.mjs'

const [outputDir, folder, way] = process.argv.slice(2)
const require = createRequire(join(folder, 'package.json'))
const { registerOTel } = require('@vercel/otel')
const { InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base')

const { spanProcessors, stop } = await joinSpanprof(way)
const exporter = new InMemorySpanExporter()
registerOTel({
  serviceName: 'app',
  spanProcessors: [...spanProcessors, new SimpleSpanProcessor(exporter)],
})

const api = require('@opentelemetry/api')
const tracer = api.trace.getTracer('app')
const { places, burn } = notedPlaces(() => api.trace.getActiveSpan())
const inSpan = (name, work) => inSpanOf(tracer, name, work)
await walk(apiSteps(api, tracer, burn), { burn, inSpan })
await stop()
writeFacts(outputDir, { places, spans: exporter.getFinishedSpans().map(recorded) })
