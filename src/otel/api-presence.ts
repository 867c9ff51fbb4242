import { createRequire } from 'node:module'
import { SpanprofError } from '../errors.js'

/**
 * Says what to install where `@opentelemetry/api` is missing. Nothing of it is needed here at run time
 * (see `global-api.ts`), but without it there is no span to label.
 *
 * @throws {SpanprofError} `ERR_OTEL_API_MISSING`
 */
export function assertApiInstalled(): void {
  // In a bundle this file has another name, and the API is in the bundle too.
  if (!import.meta.url?.endsWith('/otel/api-presence.js')) return
  try {
    createRequire(import.meta.url).resolve('@opentelemetry/api')
  } catch (cause) {
    throw new SpanprofError(
      'ERR_OTEL_API_MISSING',
      'spanprof/otel labels the spans of OpenTelemetry, whose API is not installed: npm install @opentelemetry/api',
      { cause },
    )
  }
}
