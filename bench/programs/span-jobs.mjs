import { context, trace } from '@opentelemetry/api'
import { namedBurns } from './burns.mjs'
import { randomBelow } from './random.mjs'

/**
 * Spans take turns at these functions, so that one shares its own with none that was alive with it or
 * shortly before or after: a sample with the label of such another is found out.
 */
const SPAN_BURNS = 400
/** The function that burns outside of all spans. */
export const OUTSIDE = SPAN_BURNS

/**
 * Jobs that are a span each. Of every job is known which span samples of its work must name, under
 * which name in the end: with the scope `all-spans` its own, with `root-span` its local root, in whose
 * function it burns then.
 */
export class SpanJobs {
  #tracer
  #scope
  #burns = namedBurns(SPAN_BURNS + 1)
  #jobs = new WeakMap()
  /** All spans that samples may name: `{ spanId, traceId, name, burn }`. */
  named = []
  /** How often work ran in another span than its job's, as OpenTelemetry itself sees it. */
  strayed = 0
  /** The absence of a span. */
  outside = { span: undefined, named: { burn: OUTSIDE } }

  constructor(tracer, scope) {
    this.#tracer = tracer
    this.#scope = scope
  }

  burn = (job) => {
    if (trace.getActiveSpan() !== job.span) this.strayed++
    this.#burns[job.named.burn](50 + randomBelow(300))
  }

  /** Starts a span that its caller makes active, and ends. */
  start({ name = anyName(), parent = context.active(), ...options } = {}) {
    const span = this.#tracer.startSpan(name, options, parent)
    return this.#jobOf(span, { name, parent, ...options })
  }

  /** Runs a function in a new span, which ends when the function does, or its promise. */
  run = (fn, { name = anyName(), parent = context.active(), ...options } = {}) =>
    this.#tracer.startActiveSpan(name, options, parent, (span) => {
      const job = this.#jobOf(span, { name, parent, ...options })
      return endingAfterwards(span, () => fn(job))
    })

  rename = (job) => {
    const name = anyName()
    job.span.updateName(name)
    // Descendants of a local root are not named themselves.
    if (job.named.spanId === job.span.spanContext().spanId) job.named.name = name
  }

  #jobOf(span, { name, parent, root }) {
    const parentJob = root ? undefined : this.#jobs.get(trace.getSpan(parent))
    const isNamed = this.#scope === 'all-spans' || parentJob === undefined
    const job = { span, named: isNamed ? this.#newNamed(span, name) : parentJob.named }
    this.#jobs.set(span, job)
    return job
  }

  #newNamed(span, name) {
    const { spanId, traceId } = span.spanContext()
    const named = { spanId, traceId, name, burn: this.named.length % SPAN_BURNS }
    this.named.push(named)
    return named
  }
}

/** Other names than there are functions, so that they do not go together by chance. */
function anyName() {
  return `POST /jobs/${randomBelow(500)}`
}

function endingAfterwards(span, work) {
  let outcome
  try {
    outcome = work()
  } finally {
    if (!(outcome instanceof Promise)) span.end()
  }
  return outcome instanceof Promise ? outcome.finally(() => span.end()) : outcome
}
