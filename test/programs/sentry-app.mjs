// Sentry, set up to send nothing, and a record of every span that it started.

/**
 * @param require of the folder with Sentry's packages
 * @param options returns further options of `init` for Sentry
 */
export function initSentry(require, options) {
  const Sentry = require('@sentry/node')
  const client = Sentry.init({
    dsn: 'http://key@127.0.0.1:9/1',
    transport: () => ({ send: async () => ({ statusCode: 200 }), flush: async () => true }),
    tracesSampleRate: 1,
    ...options(Sentry),
  })
  const spans = []
  client.on('spanStart', (span) => spans.push(span))
  return { Sentry, recordedSpans: () => spans.map((span) => recorded(Sentry, span)) }
}

function recorded(Sentry, span) {
  const { span_id, trace_id, parent_span_id, description, data } = Sentry.spanToJSON(span)
  // A transaction may have the parent of another one.
  const isRoot = Sentry.getRootSpan(span) === span
  return {
    name: description,
    spanId: span_id,
    traceId: trace_id,
    parentId: isRoot ? undefined : parent_span_id,
    attributes: data,
  }
}
