import { SpanKind } from '@opentelemetry/api'

/** An OpenTelemetry span processor which keeps the spans of the requests that came in. */
export class RequestSpans {
  /** In the order in which they ended: `{ traceId, spanId, name, millis }`. */
  ended = []

  onStart() {}

  onEnd(span) {
    // Within a request's span are those of Express, for each middleware and handler.
    if (span.kind !== SpanKind.SERVER) return
    const { traceId, spanId } = span.spanContext()
    const [seconds, nanos] = span.duration
    this.ended.push({ traceId, spanId, name: span.name, millis: seconds * 1e3 + nanos / 1e6 })
  }

  async forceFlush() {}

  async shutdown() {}
}
