import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type DecodedSample, having } from './decoded-profile.ts'

/** A span that ended, as the SDK recorded it. */
export interface RecordedSpan {
  readonly name: string
  /** 1 of a server, 2 of a client. */
  readonly kind: number
  readonly spanId: string
  readonly traceId: string
  readonly parentId?: string
  readonly attributes: Readonly<Record<string, unknown>>
}

export type Scope = 'none' | 'root-span' | 'all-spans'
export type SpanLabels = Readonly<Record<string, string>>

export interface LabelOptions {
  readonly spanIdLabelScope?: Scope
  readonly spanNameLabelScope?: Scope
  readonly traceIdLabel?: boolean
}

export const ALL_SPANS = {
  spanIdLabelScope: 'all-spans',
  spanNameLabelScope: 'all-spans',
} as const satisfies LabelOptions

const SPAN_KEYS = ['span_id', 'span_name', 'trace_id']

/** What samples should say, told from the record of spans alone. */
export class SpanFacts {
  readonly spans: readonly RecordedSpan[]
  readonly #byId: ReadonlyMap<string, RecordedSpan>

  constructor(spans: readonly RecordedSpan[]) {
    this.spans = spans
    this.#byId = new Map(spans.map((span) => [span.spanId, span]))
  }

  /** A parent that is not in the record is a remote one. */
  localRootOf(span: RecordedSpan): RecordedSpan {
    const parent = this.#byId.get(span.parentId ?? '')
    return parent === undefined ? span : this.localRootOf(parent)
  }

  span(spanId: string): RecordedSpan {
    const span = this.#byId.get(spanId)
    if (span === undefined) throw new Error(`no span ${spanId} has ended`)
    return span
  }

  /** The one span of that name. */
  named(name: string): RecordedSpan {
    const spans = this.spans.filter((span) => span.name === name)
    if (spans.length !== 1) throw new Error(`${spans.length} spans are called ${name}`)
    return spans[0] as RecordedSpan
  }

  labelsOf(span: RecordedSpan, options: LabelOptions = {}): SpanLabels {
    const { spanIdLabelScope = 'root-span', spanNameLabelScope = 'root-span' } = options
    const at = { none: undefined, 'root-span': this.localRootOf(span), 'all-spans': span }
    const id = at[spanIdLabelScope]?.spanId
    const name = at[spanNameLabelScope]?.name
    return {
      ...(id !== undefined && { span_id: id }),
      ...(name !== undefined && { span_name: name }),
      ...(options.traceIdLabel !== false && { trace_id: span.traceId }),
    }
  }
}

/** What a program left beside its profiles. */
export function readFacts<Facts extends { spans: RecordedSpan[] }>(
  directory: string,
): Omit<Facts, 'spans'> & { spans: SpanFacts } {
  const facts = JSON.parse(readFileSync(join(directory, 'facts.json'), 'utf8')) as Facts
  return { ...facts, spans: new SpanFacts(facts.spans) }
}

export function spanLabels({ labels }: DecodedSample): SpanLabels {
  return Object.fromEntries(SPAN_KEYS.flatMap((key) => (labels[key] ? [[key, labels[key]]] : [])))
}

/**
 * That functions which burn some tens of milliseconds have samples. V8 may take none of one or two,
 * where its sampling thread has to share a core with many others.
 */
export function expectMostToBeSeen(samples: readonly DecodedSample[], functionNames: string[]) {
  const unseen = functionNames.filter((name) => having(samples, name).length === 0)
  expect(unseen.length, `no samples of ${unseen}`).toBeLessThanOrEqual(2)
}
