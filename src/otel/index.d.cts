/** The types for TypeScript that compiles to CommonJS. @see ../index.d.cts */
import type * as esm from './index.js' with { 'resolution-mode': 'import' }

export type * from './index.js' with { 'resolution-mode': 'import' }

export declare const wrapTracerProvider: typeof esm.wrapTracerProvider
export declare const SpanProfilesProcessor: typeof esm.SpanProfilesProcessor
export type SpanProfilesProcessor = esm.SpanProfilesProcessor
export declare const SpanprofError: typeof esm.SpanprofError
export type SpanprofError = esm.SpanprofError
