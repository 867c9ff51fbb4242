import type { Context, Span, SpanContext } from '@opentelemetry/api'
import type { LabelSet } from '../labels/agent.js'
import { cleaned, cutToBytes, MAX_VALUE_BYTES } from '../labels/label-text.js'
import { SPAN_KEY } from './global-api.js'
import type { LabelScope, LabelsAfterEnd } from './options.js'

/** Which of a span's labels come from the span itself, which from its local root, and for how long. */
export interface SpanLabelScopes {
  readonly spanIdLabelScope: LabelScope
  readonly spanNameLabelScope: LabelScope
  readonly traceIdLabel: boolean
  readonly profileIdLabel: boolean
  readonly labelsAfterEnd: LabelsAfterEnd
}

/**
 * How long after its end a span still labels what runs in its context: the rest of its request often
 * does. What runs later, such as an interval that it has started, is no longer part of it.
 */
const AFTER_END_MICROS = 5_000_000

/**
 * The labels of a span. Texts only, and none of it leads to the span, so that no reference to labels
 * keeps a span alive.
 */
export class SpanLabels implements LabelSet {
  name: string
  readonly spanId: string
  readonly root: SpanLabels
  readonly traceId: string
  readonly isSampled: boolean
  private readonly scopes: SpanLabelScopes
  private renames = 0
  private endMicros = Number.POSITIVE_INFINITY
  private afterEnd: LabelSet | undefined

  /** @param root of the local root; left out if the span is one. */
  constructor(
    { spanId, traceId, traceFlags }: SpanContext,
    name: string,
    root: SpanLabels | undefined,
    scopes: SpanLabelScopes,
  ) {
    this.name = name
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

  get version(): number {
    return this.renames + this.root.renames
  }

  /** Written out only if a sample was taken in the span. */
  get pairs(): readonly string[] {
    const { traceIdLabel, profileIdLabel, spanIdLabelScope } = this.scopes
    const pairs: string[] = []
    const identified = this.#inScope(spanIdLabelScope)
    if (identified?.isSampled) {
      pairs.push('span_id', identified.spanId)
      if (profileIdLabel) pairs.push('profile_id', identified.spanId)
    }
    if (traceIdLabel && (this.isSampled || this.root.isSampled)) {
      pairs.push('trace_id', this.traceId)
    }
    return [...pairs, ...this.namePairs]
  }

  get namePairs(): readonly string[] {
    const name = this.#inScope(this.scopes.spanNameLabelScope)?.name ?? ''
    return name === '' ? [] : ['span_name', cutToBytes(cleaned(name), MAX_VALUE_BYTES)]
  }

  rename(name: string): void {
    this.name = name
    this.renames++
  }

  /** @param timeMicros on the clock of samples. */
  end(timeMicros: number): void {
    this.endMicros = timeMicros
  }

  /** All of them end with the span whose id is shown. */
  at(timeMicros: number): LabelSet | undefined {
    const { labelsAfterEnd, spanIdLabelScope } = this.scopes
    const identified = spanIdLabelScope === 'all-spans' ? this : this.root
    const isOver = timeMicros > identified.endMicros + AFTER_END_MICROS
    if (!isOver || labelsAfterEnd === 'all') return this
    if (labelsAfterEnd === 'none') return undefined
    this.afterEnd ??= new NameOfSpan(this)
    return this.afterEnd
  }

  #inScope(scope: LabelScope): SpanLabels | undefined {
    if (scope === 'none') return undefined
    return scope === 'root-span' ? this.root : this
  }
}

/** What is left of a span's labels some time after its end. */
class NameOfSpan implements LabelSet {
  readonly #labels: SpanLabels

  constructor(labels: SpanLabels) {
    this.#labels = labels
  }

  get pairs(): readonly string[] {
    return this.#labels.namePairs
  }

  get version(): number {
    return this.#labels.version
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
