// An app in CommonJS that traces its work and knows nothing of spanprof. Prints its span's ids.
const { trace } = require('@opentelemetry/api')
const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node')

new NodeTracerProvider().register()

async function main() {
  const { cpuBurner } = await import('./burn.mjs')
  const burn = cpuBurner('burn')
  await trace.getTracer('app').startActiveSpan('job', async (span) => {
    await null
    burn(200)
    const { spanId, traceId } = span.spanContext()
    console.log(JSON.stringify({ span_id: spanId, trace_id: traceId, span_name: 'job' }))
    span.end()
  })
}
main()
