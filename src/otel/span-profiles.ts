import type { Context, Span, TimeInput } from '@opentelemetry/api'
import { sharedAgent } from '../labels/agent.js'
import { ownerOf, wrapMethod } from '../labels/wrapped-method.js'
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
  /** The class of the last span, whose `updateName` and `end` are wrapped. */
  #followedClass: object | undefined

  constructor(options: ResolvedSpanProfilesOptions) {
    this.#options = options
    this.#sharesLabels =
      options.spanIdLabelScope !== 'all-spans' && options.spanNameLabelScope !== 'all-spans'
  }

  /** An SDK is there, so that contexts are to be observed before its first span comes into force. */
  prepare(): void {
    this.#context.followManager()
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
      this.#label(span, name, parent)
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

  #label(span: Span, name: string, parent: Context | undefined): void {
    const spanContext = span.spanContext()
    const parentContext = spanOf(parent)?.spanContext()
    const { spanId } = spanContext
    // With tracing suppressed, or without an SDK, there is no new span.
    if (spanId === NO_SPAN_ID || spanId === parentContext?.spanId) return
    const root = parentContext?.isRemote ? undefined : this.#context.labelsOf(parent)?.root
    const shared = this.#sharesLabels ? root : undefined
    const labels = shared ?? new SpanLabels(spanContext, name, root, this.#options)
    markSpan(span, labels)
    this.#agent.spanCounters.spans++
    if (shared !== undefined) return
    this.#follow(span)
    if (!labels.hasOwnProfile) return
    span.setAttribute(PROFILE_ID_ATTRIBUTE, spanId)
    addProfileUrls(span, labels, this.#agent.own, this.#options)
  }

  #follow(span: Span): void {
    const prototype = Object.getPrototypeOf(span)
    if (prototype !== this.#followedClass && followSpans(span) === prototype) {
      this.#followedClass = prototype
    }
  }
}

/** `INVALID_SPANID` of the API. */
const NO_SPAN_ID = '0000000000000000'

const followed = new WeakSet<object>()

/**
 * Wraps `updateName` and `end` once where they are defined, which is the span's class for most SDKs.
 *
 * @returns where that is.
 */
function followSpans(span: Span): object | undefined {
  const owner = ownerOf(span, 'updateName')
  if (owner === undefined || followed.has(owner)) return owner
  followed.add(owner)
  wrapMethod(owner, 'updateName', (original) => {
    function updateName(this: Span, name: string): Span {
      const result = original.call(this, name)
      renamed(this, name)
      return result
    }
    return updateName
  })
  wrapMethod(ownerOf(span, 'end') ?? owner, 'end', (original) => {
    function end(this: Span, endTime?: TimeInput): void {
      original.call(this, endTime)
      ownLabels(this)?.end(nowMicros())
    }
    return end
  })
  return owner
}

function renamed(span: Span & { readonly name?: unknown }, name: string): void {
  // A span that has ended keeps its name.
  ownLabels(span)?.rename(typeof span.name === 'string' ? span.name : String(name))
}

/** A span that is not a local root may have the labels of its root. */
function ownLabels(span: Span): SpanLabels | undefined {
  const labels = labelsOfSpan(span)
  return labels?.spanId === span.spanContext().spanId ? labels : undefined
}

/** Kept here, as tests of the app may replace it by a fake. */
const { bigint } = process.hrtime

function nowMicros(): number {
  return Number(bigint()) / 1000
}
