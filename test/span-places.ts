import { type DecodedSample, decodeDirectory, samplesOf } from './decoded-profile.ts'
import {
  type LabelOptions,
  type RecordedSpan,
  readFacts,
  type SpanFacts,
  type SpanLabels,
  spanLabels,
} from './span-facts.ts'

/** Where a program ran code in a function of its own, `at_<index>` (`programs/span-places.mjs`). */
interface Place {
  readonly name: string
  /** Of the span that was active there, read from the library under test. */
  readonly spanId?: string
  readonly isRemote: boolean
  readonly isSampled: boolean
  /** Whether that span records nothing, as tracing is suppressed. */
  readonly isSuppressed?: boolean
  /** Of the span around a suppressed one. */
  readonly around?: string
}

/** How many samples of a place have which labels, if those are not right. */
export interface Deviation {
  readonly place: string
  readonly count: number
  readonly labels: SpanLabels
  readonly expected: SpanLabels
}

export interface Judgement {
  readonly places: number
  /** Places that have samples. */
  readonly seenPlaces: number
  /** Labels of another span. */
  readonly wrong: Deviation[]
  /** Labels where no span was active. */
  readonly leaked: Deviation[]
  /** No labels, or not all of them, where a span was active. */
  readonly missing: Deviation[]
}

/** Compares the samples of each place of a program with the span that was active there. */
export function judgePlaces(directory: string, options: LabelOptions): Judgement {
  const { places, spans } = readFacts<{ places: Place[]; spans: RecordedSpan[] }>(directory)
  const burnt = samplesOf(decodeDirectory(directory)).flatMap((sample) => {
    const place = placeOf(sample, places)
    return place === undefined ? [] : [{ place, labels: spanLabels(sample), count: sample.count }]
  })
  const deviations = burnt.flatMap(({ place, labels, count }) => {
    const truth = truthAt(place, spans, options)
    if (isRight(labels, truth, place)) return []
    return [{ place: place.name, count, labels, expected: truth.labels }]
  })
  const isLeak = ({ expected }: Deviation) => isSame(expected, {})
  const isMissing = (each: Deviation) => !isLeak(each) && isSubset(each.labels, each.expected)
  return {
    places: places.length,
    seenPlaces: new Set(burnt.map(({ place }) => place)).size,
    wrong: deviations.filter((each) => !isLeak(each) && !isMissing(each)),
    leaked: deviations.filter(isLeak),
    missing: deviations.filter(isMissing),
  }
}

function placeOf({ stack }: DecodedSample, places: readonly Place[]): Place | undefined {
  const burner = stack.find((name) => /^at_\d+$/.test(name))
  return burner === undefined ? undefined : places[Number(burner.slice('at_'.length))]
}

interface Truth {
  readonly labels: SpanLabels
  /** The library records no name for the span, so that any is right. */
  readonly isNameless: boolean
}

function truthAt(place: Place, spans: SpanFacts, options: LabelOptions): Truth {
  const spanId = place.isSuppressed ? place.around : place.spanId
  if (spanId === undefined || place.isRemote) return { labels: {}, isNameless: false }
  const labels = spans.labelsOf(spans.span(spanId), options)
  const isNameless = labels.span_name === undefined
  // Nobody can look up the ids of a trace that is not sampled.
  const hasIds = place.isSampled || place.isSuppressed
  return { labels: hasIds ? labels : only('span_name', labels), isNameless }
}

function isRight(labels: SpanLabels, truth: Truth, place: Place): boolean {
  const { span_name, ...ids } = labels
  // A suppressed span may have its own name, within the trace around it.
  if (place.isSuppressed && isSubset(ids, only('trace_id', truth.labels))) return true
  const compared = truth.isNameless ? ids : labels
  return isSame(compared, truth.labels) || (!place.isSampled && isSame(compared, {}))
}

const only = (key: string, labels: SpanLabels): SpanLabels =>
  labels[key] === undefined ? {} : { [key]: labels[key] }

const isSame = (labels: SpanLabels, others: SpanLabels) =>
  isSubset(labels, others) && isSubset(others, labels)

const isSubset = (labels: SpanLabels, of: SpanLabels) =>
  Object.entries(labels).every(([key, value]) => of[key] === value)
