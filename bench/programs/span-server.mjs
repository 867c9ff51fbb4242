/**
 * The same shop, but its requests are traced by OpenTelemetry, as are the queries in it.
 *
 * Arguments: profiler, milliseconds between flushes, where profiles go.
 */
import { createRequire } from 'node:module'
import { registerInstrumentations } from '@opentelemetry/instrumentation'
import { ExpressInstrumentation } from '@opentelemetry/instrumentation-express'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { answerOfDatabase, cartChecksum, cartRow, QUERIES } from './cart.mjs'
import { serve } from './serve.mjs'
import { contextManager, startTracing } from './tracing.mjs'

const [profilerName, flushIntervalMs, outputDir] = process.argv.slice(2)

await serve(async (requests) => {
  const { start } = await import(`../span-profilers/${profilerName}.mjs`)
  const { spanProcessors } = await start({
    samplingIntervalMicros: 10_000,
    flushIntervalMs: Number(flushIntervalMs),
    outputDir,
    contextManager,
  })
  const tracer = startTracing(spanProcessors)
  const app = instrumentedExpress()()
  app.use((request, response, next) => {
    requests.handled++
    response.locals.tenant = request.get('x-tenant')
    next()
  })
  app.get('/cart', async (_request, response) => {
    const rows = []
    for (let i = 0; i < QUERIES; i++) rows.push(await query(tracer, i, response.locals.tenant))
    response.json({ rows, checksum: cartChecksum(JSON.stringify(rows)) })
  })
  return app
})

/** Modules are patched as they are required; `import` would take a loader of its own. */
function instrumentedExpress() {
  registerInstrumentations({
    instrumentations: [new HttpInstrumentation(), new ExpressInstrumentation()],
  })
  const require = createRequire(import.meta.url)
  require('node:http')
  return require('express')
}

function query(tracer, id, tenant) {
  return tracer.startActiveSpan('query', async (span) => {
    const row = cartRow(id, await answerOfDatabase(() => tenant))
    span.end()
    return row
  })
}
