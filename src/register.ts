/**
 * `node --import spanprof/register app.js`: starts the profiler with what the environment says, and
 * labels the spans of whatever OpenTelemetry SDK the app sets up. The app runs in any case.
 */
import { isMainThread } from 'node:worker_threads'
import { startProfiler } from './index.js'
import { toLog } from './logger.js'
import { joinSdk } from './otel/joined-sdk.js'

// Worker threads inherit NODE_OPTIONS. They are not profiled from within.
if (isMainThread) {
  try {
    joinSdk()
    await startProfiler({})
  } catch (error) {
    toLog()('warn', `this process is not profiled: ${(error as Error).message}`)
  }
}
