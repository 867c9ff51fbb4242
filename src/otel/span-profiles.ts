import type { Context, Span, SpanContext, TimeInput } from '@opentelemetry/api'
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
    this.#context.labelMet ??= (span, around) => this.#met(span, around)
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

  /** Calls what starts a span and puts it in force, and then `startedActive`. */
  startingActive<T>(start: () => T): T {
    this.#context.followManager()
    this.#context.isAwaitingLabels = true
    try {
      return start()
    } finally {
      this.#context.isAwaitingLabels = false
    }
  }

  /** As `started`, when the span is in force already. */
  startedActive(span: Span, name: string, parent: Context | undefined): void {
    this.#context.isAwaitingLabels = false
    if (labelsOfSpan(span) !== undefined) return
    this.started(span, name, parent)
    this.#context.relabelled()
  }

  #met(span: Span, around: SpanLabels | undefined): SpanLabels | undefined {
    try {
      const spanContext = span.spanContext()
      const { spanId } = spanContext
      if (spanId === NO_SPAN_ID) return undefined
      const known = spanId === around?.spanId ? around : running.get(spanId)
      if (known === undefined) this.#labelAs(span, spanContext, nameOf(span), around?.root)
      else markSpan(span, known)
      return labelsOfSpan(span)
    } catch {
      this.#agent.spanCounters.spanFailures++
      return undefined
    }
  }

  #label(span: Span, name: string, parent: Context | undefined): void {
    const spanContext = span.spanContext()
    const parentContext = spanOf(parent)?.spanContext()
    const { spanId } = spanContext
    // With tracing suppressed, or without an SDK, there is no new span.
    if (spanId === NO_SPAN_ID || spanId === parentContext?.spanId) return
    const root = parentContext?.isRemote ? undefined : this.#context.labelsOf(parent)?.root
    this.#labelAs(span, spanContext, name, root)
  }

  #labelAs(span: Span, spanContext: SpanContext, name: string, root: SpanLabels | undefined): void {
    const shared = this.#sharesLabels ? root : undefined
    const labels = shared ?? new SpanLabels(spanContext, name, root, this.#options)
    markSpan(span, labels)
    this.#agent.spanCounters.spans++
    if (this.#context.makesContexts) rememberRunning(spanContext.spanId, labels)
    if (shared !== undefined) return
    this.#follow(span)
    if (!labels.hasOwnProfile) return
    span.setAttribute(PROFILE_ID_ATTRIBUTE, spanContext.spanId)
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

/**
 * The labels of running spans by their id, where a library may have several objects for one span, of
 * which only one was seen to start.
 */
const running = new Map<string, SpanLabels>()
/** Spans that never end must not pile up. */
const MAX_RUNNING = 10_000

function rememberRunning(spanId: string, labels: SpanLabels): void {
  running.set(spanId, labels)
  if (running.size <= MAX_RUNNING) return
  for (const [oldest] of running) {
    running.delete(oldest)
    return
  }
}

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
      if (running.size > 0) running.delete(this.spanContext().spanId)
    }
    return end
  })
  return owner
}

function renamed(span: Span, name: string): void {
  // A span that has ended keeps its name.
  ownLabels(span)?.rename(nameOf(span) || String(name))
}

/** As the SDK's spans have it; empty if it cannot be read. */
function nameOf(span: Span & { readonly name?: unknown }): string {
  return typeof span.name === 'string' ? span.name : ''
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
