/**
 * Holds each sample of the shop's work against the request whose span it names.
 *
 * @returns milliseconds of all work seen, and of work under a span, route or tenant other than that
 *   of the request which asked for it, or under none
 */
export function wrongLabels({ requests, samples }) {
  const bySpan = new Map(requests.map((request) => [request.span?.spanId, request]))
  const allWork = new Set(requests.flatMap(({ told }) => Object.keys(told)))
  const work = samples.filter(({ name }) => allWork.has(name))
  const wrong = work.filter((sample) => !isOf(bySpan.get(sample.labels.span_id), sample))
  return { workMillis: sumMillis(work), wrongMillis: sumMillis(wrong) }
}

function isOf(request, { name, labels }) {
  if (request === undefined) return false
  const { told, tenant, route } = request
  return name in told && labels.tenant === tenant && isNameOf(route, labels.span_name)
}

/** A span gets the name of its route when it ends; in a profile written before, it has the method. */
function isNameOf(route, spanName) {
  return spanName === route || spanName === 'POST'
}

function sumMillis(samples) {
  return samples.reduce((total, { millis }) => total + millis, 0)
}
