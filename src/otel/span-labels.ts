import type { Context, Span, SpanContext } from '@opentelemetry/api'
import type { LabelSet, LateText } from '../labels/agent.js'
import { SPAN_KEY } from './global-api.js'
import type { LabelScope } from './options.js'

/** Which of a span's labels come from the span itself, and which from its local root. */
export interface SpanLabelScopes {
  readonly spanIdLabelScope: LabelScope
  readonly spanNameLabelScope: LabelScope
  readonly traceIdLabel: boolean
  readonly profileIdLabel: boolean
}

/**
 * The labels of a span. Texts only, and none of it leads to the span, so that whoever holds on to
 * labels keeps no span alive.
 */
export class SpanLabels implements LabelSet, LateText {
  /** The span's name, renewed when the span is renamed. */
  text: string
  readonly spanId: string
  readonly root: SpanLabels
  readonly traceId: string
  readonly isSampled: boolean
  private readonly scopes: SpanLabelScopes

  /** @param root of the local root; left out where the span is one. */
  constructor(
    { spanId, traceId, traceFlags }: SpanContext,
    name: string,
    root: SpanLabels | undefined,
    scopes: SpanLabelScopes,
  ) {
    this.text = name
    this.spanId = spanId
    this.root = root ?? this
    this.traceId = traceId
    this.isSampled = (traceFlags & SAMPLED) !== 0
    this.scopes = scopes
  }

  get isRoot(): boolean {
    return this.root === this
  }

  /** Whether a profile can be asked for by this span's id. */
  get hasOwnProfile(): boolean {
    const scope = this.scopes.spanIdLabelScope
    return this.isSampled && (scope === 'all-spans' || (scope === 'root-span' && this.isRoot))
  }

  /** Written out only when a sample has met the span. */
  get pairs(): (string | LateText)[] {
    const { spanIdLabelScope, spanNameLabelScope, traceIdLabel, profileIdLabel } = this.scopes
    const pairs: (string | LateText)[] = []
    const identified = this.#inScope(spanIdLabelScope)
    if (identified?.isSampled) {
      pairs.push('span_id', identified.spanId)
      if (profileIdLabel) pairs.push('profile_id', identified.spanId)
    }
    if (traceIdLabel && (this.isSampled || this.root.isSampled)) {
      pairs.push('trace_id', this.traceId)
    }
    const named = this.#inScope(spanNameLabelScope)
    if (named !== undefined && named.text !== '') pairs.push('span_name', named)
    return pairs
  }

  #inScope(scope: LabelScope): SpanLabels | undefined {
    if (scope === 'none') return undefined
    return scope === 'root-span' ? this.root : this
  }
}

/** `TraceFlags.SAMPLED` (https://www.w3.org/TR/trace-context/#sampled-flag). */
const SAMPLED = 1

/** Under which a span carries its labels; the same for every copy of the package. */
const LABELS = Symbol.for('spanprof.span-labels.1')

interface MarkedSpan {
  [LABELS]?: SpanLabels | undefined
}

export function labelsOfSpan(span: object | undefined): SpanLabels | undefined {
  return (span as MarkedSpan | undefined)?.[LABELS]
}

export function markSpan(span: object, labels: SpanLabels): void {
  ;(span as MarkedSpan)[LABELS] = labels
}

export function spanOf(context: Context | undefined): Span | undefined {
  return context?.getValue(SPAN_KEY) as Span | undefined
}
