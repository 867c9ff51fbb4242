// OpenTelemetry, set up in one of the ways in which spanprof can join it, and a record of every span
// that ended, as the SDK itself saw it: what the labels of samples are compared with.
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** Of the SDK in the root; `createRequire` of another folder gives another line. */
export const requireFromRoot = createRequire(import.meta.url)

/**
 * @param way
 *   - `processor`: `NodeSDK` with a `SpanProfilesProcessor`
 *   - `wrapper`: a provider of the SDK's in `wrapTracerProvider`, registered by hand
 *   - `both`: the two at once, each twice
 *   - `none`: a `NodeSDK` that knows nothing of spanprof, for `spanprof/register` to find
 */
export async function startTracing({
  way,
  options = {},
  require = requireFromRoot,
  sampler,
  contextManager,
  instrumentations = [],
  spanProcessors = [],
}) {
  // Nothing may be sent anywhere.
  process.env.OTEL_LOGS_EXPORTER ??= 'none'
  process.env.OTEL_METRICS_EXPORTER ??= 'none'
  const sdk = tracingSdk(require)
  const exporter = new sdk.InMemorySpanExporter()
  const record = new sdk.SimpleSpanProcessor(exporter)
  const joins = way === 'none' ? {} : await import('spanprof/otel')
  const join = () => new joins.SpanProfilesProcessor(options)
  const ownProcessors = { processor: 1, both: 2 }[way] ?? 0
  const processors = [...Array.from({ length: ownProcessors }, join), ...spanProcessors, record]
  const wrap = (provider) => joins.wrapTracerProvider(provider, options)

  let provider
  if (way === 'processor' || way === 'none') {
    const { NodeSDK } = require('@opentelemetry/sdk-node')
    new NodeSDK({
      spanProcessors: processors,
      instrumentations,
      autoDetectResources: false,
      ...(sampler && { sampler }),
      ...(contextManager && { contextManager }),
    }).start()
    provider = require('@opentelemetry/api').trace.getTracerProvider()
  } else {
    const inner = new sdk.Provider({ spanProcessors: processors, ...(sampler && { sampler }) })
    provider = way === 'both' ? wrap(wrap(inner)) : wrap(inner)
    registerByHand(require, provider, contextManager)
    for (const instrumentation of instrumentations) instrumentation.setTracerProvider(provider)
  }
  return { provider, finishedSpans: () => exporter.getFinishedSpans().map(recorded) }
}

/** The classes of a line, by one name each. */
function tracingSdk(require) {
  try {
    const sdk = require('@opentelemetry/sdk-trace-node')
    return { ...sdk, Provider: sdk.NodeTracerProvider }
  } catch {
    const sdk = require('@opentelemetry/sdk-trace')
    return { ...sdk, Provider: sdk.TracerProvider }
  }
}

/** `core` is not a dependency of an app, but of its SDK. */
export function requireCore(require = requireFromRoot) {
  return createRequire(require.resolve('@opentelemetry/sdk-node'))('@opentelemetry/core')
}

function registerByHand(require, provider, contextManager) {
  const { context, propagation, trace } = require('@opentelemetry/api')
  const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks')
  const { W3CTraceContextPropagator } = requireCore(require)
  trace.setGlobalTracerProvider(provider)
  context.setGlobalContextManager(
    (contextManager ?? new AsyncLocalStorageContextManager()).enable(),
  )
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
}

/** A span that ended, as `SpanFacts` takes it. */
export function recorded(span) {
  const { spanId, traceId } = span.spanContext()
  const { name, kind, attributes } = span
  const parentId = span.parentSpanContext?.spanId ?? span.parentSpanId
  return { name, kind, spanId, traceId, parentId, attributes }
}

/** Leaves the record, and whatever else the test should know, beside the profiles. */
export function writeFacts(directory, facts) {
  writeFileSync(join(directory, 'facts.json'), JSON.stringify(facts))
}
