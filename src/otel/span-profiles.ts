import type { Context, Span } from '@opentelemetry/api'
import { sharedAgent } from '../labels/agent.js'
import { definer, wrapMethod } from '../labels/wrapped-method.js'
import type { ResolvedSpanProfilesOptions } from './options.js'
import { addProfileUrls } from './profile-urls.js'
import { labelsOfSpan, markSpan, SpanLabels, spanOf } from './span-labels.js'
import { type TelemetryContext, telemetryContext } from './telemetry-context.js'

/** Grafana shows its link from a span to its profile where a span has this attribute. */
const PROFILE_ID_ATTRIBUTE = 'pyroscope.profile.id'

/**
 * Gives spans their labels when they start: what the tracer provider, the span processor and the
 * zero-code start have in common.
 */
export class SpanProfiles {
  readonly #options: ResolvedSpanProfilesOptions
  readonly #agent = sharedAgent()
  readonly #context: TelemetryContext = telemetryContext()
  /** Nothing is told apart below a local root, whose labels then serve all its descendants. */
  readonly #sharesLabels: boolean

  constructor(options: ResolvedSpanProfilesOptions) {
    this.#options = options
    this.#sharesLabels =
      options.spanIdLabelScope !== 'all-spans' && options.spanNameLabelScope !== 'all-spans'
  }

  /** The context in force. */
  get active(): Context | undefined {
    return this.#context.active()
  }

  /**
   * A span has started. Whatever is wrong with it, it goes on.
   *
   * @param parent its parent's context; `undefined` for a root.
   */
  started(span: Span, name: string, parent: Context | undefined): void {
    try {
      this.#context.followManager()
      // Another one may have been here before: a processor and a wrapped provider, or two of a kind.
      if (labelsOfSpan(span) !== undefined) return
      this.#label(span, name, spanOf(parent))
    } catch {
      this.#agent.spanCounters.spanFailures++
    }
  }

  /** Likewise, when the span is in force already. */
  startedActive(span: Span, name: string, parent: Context | undefined): void {
    if (labelsOfSpan(span) !== undefined) return
    this.started(span, name, parent)
    this.#context.relabelled()
  }

  #label(span: Span, name: string, parent: Span | undefined): void {
    const { spanId } = span.spanContext()
    const root = rootOf(parent)
    // With tracing suppressed, or without an SDK, there is no new span.
    if (spanId === NO_SPAN_ID || spanId === parent?.spanContext().spanId) return
    const shared = this.#sharesLabels ? root : undefined
    const labels = shared ?? new SpanLabels(span, name, root, this.#options)
    markSpan(span, labels)
    this.#agent.spanCounters.spans++
    if (shared !== undefined) return
    followRenames(span)
    if (!labels.hasOwnProfile) return
    span.setAttribute(PROFILE_ID_ATTRIBUTE, spanId)
    addProfileUrls(span, labels, this.#agent.own, this.#options)
  }
}

/** `INVALID_SPANID` of the API. */
const NO_SPAN_ID = '0000000000000000'

/** The labels of the local root that a child of `parent` belongs to: none where it is one itself. */
function rootOf(parent: Span | undefined): SpanLabels | undefined {
  const labels = labelsOfSpan(parent)
  return labels === undefined || parent?.spanContext().isRemote ? undefined : labels.root
}

const following = new WeakSet<object>()

/** Wraps `updateName` once where it is defined, in the span's class as a rule. */
function followRenames(span: Span): void {
  const owner = definer(span, 'updateName')
  if (owner === undefined || following.has(owner)) return
  following.add(owner)
  wrapMethod(owner, 'updateName', (original) => {
    function updateName(this: Span & { name?: unknown }, name: string): Span {
      const result = original.call(this, name)
      const labels = labelsOfSpan(this)
      // A descendant may carry the labels of its root.
      if (labels !== undefined && labels.spanId === this.spanContext().spanId) {
        // A span that has ended keeps its name.
        labels.text = String(typeof this.name === 'string' ? this.name : name)
      }
      return result
    }
    return updateName
  })
}
