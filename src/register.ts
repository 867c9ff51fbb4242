/**
 * `node --import spanprof/register app.js`: starts the profiler with what the environment says, and
 * labels the spans of whatever OpenTelemetry SDK the app sets up. The app runs in any case.
 *
 * With `SPANPROF_PULL` profiles can also be pulled from that address; with it alone there is no other.
 */
import { isMainThread } from 'node:worker_threads'
import { startProfiler } from './index.js'
import { toLog } from './logger.js'
import { unknownVariables } from './options/option-checks.js'
import { PROFILER_VARIABLES } from './options/profiler-options.js'
import { joinSdk } from './otel/joined-sdk.js'
import { SPAN_PROFILES_VARIABLES } from './otel/options.js'
import { hasBeenSampled } from './shared-thread.js'

/** How long an app may take until it starts a profiler in its code. */
const START_IN_CODE_MILLIS = 10_000

const log = toLog()

// Worker threads inherit NODE_OPTIONS. They are not profiled from within.
if (isMainThread) {
  const known = [...PROFILER_VARIABLES, ...SPAN_PROFILES_VARIABLES, 'SPANPROF_PULL']
  for (const sentence of unknownVariables(process.env, known)) log('warn', sentence)
  const pullAddress = process.env.SPANPROF_PULL
  if (pullAddress) await unlessRefused('profiles cannot be pulled', () => serve(pullAddress))
  await unlessRefused('this process is not profiled', () => profile(Boolean(pullAddress)))
}

async function serve(address: string): Promise<void> {
  const { parsePullAddress, servePulls } = await import('./pull/server.js')
  servePulls(parsePullAddress(address), { options: () => ({}), heap: () => ({}), log })
}

async function profile(isPulled: boolean): Promise<void> {
  joinSdk()
  await startProfiler({}).catch((error) => {
    if (error.code !== 'ERR_NO_SINK') throw error
    if (!isPulled) warnUnlessProfiled(error)
  })
}

/** The app may start a profiler in its code, and have its spans joined here alone. */
function warnUnlessProfiled({ message }: Error): void {
  const warn = () => {
    process.off('beforeExit', warn)
    clearTimeout(timer)
    if (!hasBeenSampled()) log('warn', `this process is not profiled: ${message}`)
  }
  const timer = setTimeout(warn, START_IN_CODE_MILLIS).unref()
  process.on('beforeExit', warn)
}

async function unlessRefused(consequence: string, start: () => Promise<void>): Promise<void> {
  try {
    await start()
  } catch (error) {
    log('warn', `${consequence}: ${(error as Error).message}`)
  }
}
