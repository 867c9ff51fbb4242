/**
 * The types for TypeScript that compiles to CommonJS, where `require` gives the same module. By hand,
 * as TypeScript would not let such code import what it knows to be an ES module.
 */
import type * as esm from './index.js' with { 'resolution-mode': 'import' }

export type * from './index.js' with { 'resolution-mode': 'import' }

export declare const startProfiler: typeof esm.startProfiler
export declare const profile: typeof esm.profile
export declare const withLabels: typeof esm.withLabels
export declare const updateLabels: typeof esm.updateLabels
export declare const SpanprofError: typeof esm.SpanprofError
export type SpanprofError = esm.SpanprofError

export declare const init: typeof esm.init
export declare const start: typeof esm.start
export declare const stop: typeof esm.stop
export declare const startWallProfiling: typeof esm.startWallProfiling
export declare const stopWallProfiling: typeof esm.stopWallProfiling
export declare const startCpuProfiling: typeof esm.startCpuProfiling
export declare const stopCpuProfiling: typeof esm.stopCpuProfiling
export declare const startHeapProfiling: typeof esm.startHeapProfiling
export declare const stopHeapProfiling: typeof esm.stopHeapProfiling
export declare const getLabels: typeof esm.getLabels
export declare const setLabels: typeof esm.setLabels
export declare const getWallLabels: typeof esm.getWallLabels
export declare const setWallLabels: typeof esm.setWallLabels
export declare const wrapWithLabels: typeof esm.wrapWithLabels
export declare const expressMiddleware: typeof esm.expressMiddleware
export declare const fastifyMiddleware: typeof esm.fastifyMiddleware
export declare const pullHandler: typeof esm.pullHandler
export declare const setLogger: typeof esm.setLogger
export declare const SourceMapper: typeof esm.SourceMapper
export type SourceMapper = esm.SourceMapper

declare const pyroscope: typeof esm.default
export default pyroscope
