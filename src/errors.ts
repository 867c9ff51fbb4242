/**
 * The stable codes of {@link SpanprofError}. A code never changes its meaning; messages may.
 *
 * - `ERR_UNKNOWN_OPTION` an option that does not exist; the message names the nearest one.
 * - `ERR_INVALID_OPTION` an option of the wrong type or out of its range.
 * - `ERR_NO_SINK` `startProfiler` was not told where profiles should go.
 * - `ERR_OUTPUT_DIR` `outputDir` cannot be made or written to.
 * - `ERR_SPOOL_DIR` `spoolDir` cannot be made or written to.
 * - `ERR_NOT_INITIALIZED` `start` and its kind were called before `init`.
 * - `ERR_INVALID_LABEL` a label key or value that is neither a string nor a number, or an empty key.
 * - `ERR_INVALID_PROVIDER` what was to be wrapped is no tracer provider, or one that makes no spans.
 * - `ERR_OTEL_API_MISSING` `spanprof/otel` was imported, and `@opentelemetry/api` is not installed.
 * - `ERR_HEAP_NOT_PROFILED` a heap profile was asked for, and the heap is not sampled.
 * - `ERR_ALREADY_RUNNING` a profiler runs in this process already.
 * - `ERR_NOT_MAIN_THREAD` called in a worker thread; the profiler is started from the main thread.
 * - `ERR_UNSUPPORTED_RUNTIME` Bun, Deno, or a Node.js older than 20.19.
 * - `ERR_INSPECTOR_UNAVAILABLE` this Node.js has no inspector, or the permission model denies it.
 * - `ERR_WORKER_DENIED` the permission model denies worker threads.
 * - `ERR_SAMPLER_FAILED` the sampler thread ended, or V8 refused to profile; see `cause`.
 */
export type SpanprofErrorCode =
  | 'ERR_UNKNOWN_OPTION'
  | 'ERR_INVALID_OPTION'
  | 'ERR_NO_SINK'
  | 'ERR_OUTPUT_DIR'
  | 'ERR_SPOOL_DIR'
  | 'ERR_NOT_INITIALIZED'
  | 'ERR_INVALID_LABEL'
  | 'ERR_INVALID_PROVIDER'
  | 'ERR_OTEL_API_MISSING'
  | 'ERR_HEAP_NOT_PROFILED'
  | 'ERR_ALREADY_RUNNING'
  | 'ERR_NOT_MAIN_THREAD'
  | 'ERR_UNSUPPORTED_RUNTIME'
  | 'ERR_INSPECTOR_UNAVAILABLE'
  | 'ERR_WORKER_DENIED'
  | 'ERR_SAMPLER_FAILED'

/** Every error that spanprof throws: a stable `code` for programs, a message for people. */
export class SpanprofError extends Error {
  override readonly name = 'SpanprofError'
  readonly code: SpanprofErrorCode

  constructor(code: SpanprofErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
