import type { ContextManager, TracerProvider } from '@opentelemetry/api'

/** What OpenTelemetry's API has registered for the whole process. */
export interface GlobalApi {
  readonly context?: ContextManager
  readonly trace?: TracerProvider
}

/**
 * Where every copy of `@opentelemetry/api` 1.x keeps it
 * (https://github.com/open-telemetry/opentelemetry-js/blob/api/v1.9.0/api/src/internal/global-utils.ts).
 * Read here instead of through the API: a copy that is newer than the app's finds nothing there, and
 * its own functions look all of this up at each call.
 */
export const API_KEY = Symbol.for('opentelemetry.js.api.1')

/** The key of the span in a context, in every copy of the API 1.x. */
export const SPAN_KEY = Symbol.for('OpenTelemetry Context Key SPAN')

export function globalApi(): GlobalApi | undefined {
  return (globalThis as { [API_KEY]?: GlobalApi })[API_KEY]
}
