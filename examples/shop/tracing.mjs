import { ExpressInstrumentation } from '@opentelemetry/instrumentation-express'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { SpanProfilesProcessor } from 'spanprof/otel'
import { RequestSpans } from './request-spans.mjs'

/**
 * Sets up OpenTelemetry, before Express is loaded: instrumentations change modules as they load.
 *
 * @returns the spans of requests, as the tracer itself has timed them, and how to end tracing
 */
export function startTracing() {
  const requestSpans = new RequestSpans()
  const sdk = new NodeSDK({
    serviceName: 'shop',
    instrumentations: [new HttpInstrumentation(), new ExpressInstrumentation()],
    // All that spanprof needs to know: samples get the labels span_id, trace_id and span_name.
    spanProcessors: [new SpanProfilesProcessor(), requestSpans],
    // Nothing leaves the demo: without these the SDK would look for a collector.
    metricReaders: [],
    logRecordProcessors: [],
    autoDetectResources: false,
  })
  sdk.start()
  return { requestSpans, stop: () => sdk.shutdown() }
}
