import type { Context, Span } from '@opentelemetry/api'
import { resolveSpanProfilesOptions, type SpanProfilesOptions } from './options.js'
import { SpanProfiles } from './span-profiles.js'

/**
 * A span processor for OpenTelemetry's SDK 1.x, 2.x and 3.x: spans label the samples taken in them. It
 * exports nothing; put it beside those that do.
 *
 * A span that is not recorded comes to no processor, so samples in it have no name here. Where these
 * matter, take `wrapTracerProvider`, or both.
 *
 * @example
 * new NodeSDK({ spanProcessors: [new SpanProfilesProcessor(), new BatchSpanProcessor(exporter)] })
 */
export class SpanProfilesProcessor {
  readonly #profiles: SpanProfiles

  /** @throws {SpanprofError} `ERR_UNKNOWN_OPTION`, `ERR_INVALID_OPTION` */
  constructor(options?: SpanProfilesOptions) {
    this.#profiles = new SpanProfiles(resolveSpanProfilesOptions(options))
  }

  /** Called by the SDK. Sets `pyroscope.profile.id`, where the span has a profile. Never throws. */
  onStart(span: Span, parentContext: Context): void {
    const name = (span as { readonly name?: unknown } | undefined)?.name
    this.#profiles.started(span, String(name ?? ''), parentContext)
  }

  /** Called by the SDK; nothing is left to do, as a span's labels know its name by then. */
  onEnd(_span: object): void {}

  forceFlush(): Promise<void> {
    return Promise.resolve()
  }

  shutdown(): Promise<void> {
    return Promise.resolve()
  }
}
