import { compare } from './comparison.mjs'
import { wrongLabels } from './wrong-labels.mjs'

const SLOWEST = 3

/**
 * All that the demo has to tell.
 *
 * @param requests what the shop knows, see shop.mjs
 * @param spans what the tracer knows, see request-spans.mjs
 * @param samples what spanprof knows, see seen-by-spanprof.mjs
 */
export function findings({ requests, spans, samples }) {
  const spanOf = new Map(spans.map((span) => [span.traceId, span]))
  const run = {
    requests: requests.map((request) => ({ ...request, span: spanOf.get(request.traceId) })),
    samples,
  }
  return {
    routes: compare(
      run,
      ({ route }) => route,
      ({ labels }) => labels.span_name ?? '(no span)',
    ),
    tenants: compare(
      run,
      ({ tenant }) => tenant,
      ({ labels }) => labels.tenant ?? '(no tenant)',
    ),
    slowest: slowestRequests(run).map((request) => ({ request, ...spanRows(request, run) })),
    traced: run.requests.filter(({ span, route }) => span?.name === route).length,
    requests: requests.length,
    ...wrongLabels(run),
  }
}

/** By the tracer's own clock. */
function slowestRequests({ requests }) {
  return requests
    .filter(({ span }) => span !== undefined)
    .sort((a, b) => b.span.millis - a.span.millis)
    .slice(0, SLOWEST)
}

function spanRows(request, { samples }) {
  const { spanId } = request.span
  const its = samples.filter(({ labels }) => labels.span_id === spanId)
  const bySpan = () => spanId
  return compare({ requests: [request], samples: its }, bySpan, bySpan)[0]
}
