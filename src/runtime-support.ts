import { isMainThread } from 'node:worker_threads'
import { SpanprofError } from './errors.js'

/**
 * Whether this process can be profiled at all.
 *
 * @throws {SpanprofError} `ERR_UNSUPPORTED_RUNTIME`, `ERR_NOT_MAIN_THREAD`,
 *   `ERR_INSPECTOR_UNAVAILABLE`, `ERR_WORKER_DENIED`
 */
export function assertSupportedRuntime(): void {
  const other = process.versions.bun ? 'Bun' : 'Deno' in globalThis ? 'Deno' : undefined
  if (other !== undefined) {
    throw unsupported(`spanprof cannot sample in ${other}; run the app with Node.js`)
  }
  if (typeof process.getBuiltinModule !== 'function') {
    throw unsupported(`spanprof needs Node.js 20.19 or later, this is ${process.version}`)
  }
  if (!isMainThread) {
    throw new SpanprofError(
      'ERR_NOT_MAIN_THREAD',
      'the profiler must be started from the main thread, not from a worker thread',
    )
  }
  if (!(process.features as { inspector?: boolean }).inspector) {
    throw new SpanprofError(
      'ERR_INSPECTOR_UNAVAILABLE',
      'this Node.js was built without the inspector, which spanprof samples with; use an official build',
    )
  }
  assertPermitted()
}

/** @returns what a person should know of the way that this process was started. */
export function runtimeWarning(): string | undefined {
  const flags = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ')
  const what = process.env.NODE_V8_COVERAGE
    ? 'NODE_V8_COVERAGE'
    : /--cpu-prof\b/.test(flags) && 'node --cpu-prof'
  if (!what) return undefined
  // Node takes each event of V8's profiler for an answer to it, and prints what it cannot place.
  return `with ${what} Node.js prints a line for each window that spanprof takes; use one of them at a time`
}

/**
 * Asked here, not found out by trying: where the inspector is denied, connecting to it from a worker
 * thread ends the process on Node 20 and 22.
 */
function assertPermitted(): void {
  const { permission } = process as { permission?: { has(scope: string): boolean } }
  if (permission === undefined) return
  if (!permission.has('worker')) {
    throw new SpanprofError(
      'ERR_WORKER_DENIED',
      'the permission model denies worker threads, where spanprof runs; start node with --allow-worker',
    )
  }
  if (!permission.has('inspector')) {
    throw new SpanprofError(
      'ERR_INSPECTOR_UNAVAILABLE',
      'the permission model denies the inspector, which spanprof samples with; start node with --allow-inspector where it has that flag (Node 24.12 and later), else without --permission',
    )
  }
}

function unsupported(message: string): SpanprofError {
  return new SpanprofError('ERR_UNSUPPORTED_RUNTIME', message)
}
