/** Samples that know their OpenTelemetry span. */
import { assertApiInstalled } from './api-presence.js'

export { SpanprofError, type SpanprofErrorCode } from '../errors.js'
export type { LabelScope, LabelsAfterEnd, ProfileOfSpan, SpanProfilesOptions } from './options.js'
export { SpanProfilesProcessor } from './span-processor.js'
export { wrapTracerProvider } from './tracer-provider.js'

assertApiInstalled()
