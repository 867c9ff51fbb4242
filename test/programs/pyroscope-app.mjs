// A small traced app that pushes CPU, wall and heap profiles, and writes the same ones to files.
//   node pyroscope-app.mjs <server address> <tenant> <app name> <output directory>
import { setTimeout as sleep } from 'node:timers/promises'
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import { startProfiler } from 'spanprof'
import { wrapTracerProvider } from 'spanprof/otel'
import { cpuBurner } from './burn.mjs'

const [serverAddress, tenantId, appName, outputDir] = process.argv.slice(2)
const options = { serverAddress, tenantId, appName, outputDir, tags: { region: 'eu' } }
const profiler = await startProfiler({
  ...options,
  wall: true,
  // However long reading it may take on this Node.js.
  heap: { maxPausePercent: 100 },
  flushIntervalMs: 2000,
})
const provider = wrapTracerProvider(new NodeTracerProvider())
provider.register()

const retained = Array.from({ length: 200_000 }, (_, i) => ({ line: `${i} of the cart`, i }))
const burn = cpuBurner('work')
const spans = []
for (const name of ['checkout', 'search', 'checkout']) {
  await provider.getTracer('shop').startActiveSpan(name, async (span) => {
    for (let i = 0; i < 10; i++) {
      burn(100)
      await sleep(20)
    }
    span.end()
    const { spanId, traceId } = span.spanContext()
    spans.push({ name, spanId, traceId })
  })
}
await profiler.stop()
const { profilesWritten, profilesDropped } = profiler.stats()
console.log(JSON.stringify({ spans, profilesWritten, profilesDropped, kept: retained.length }))
