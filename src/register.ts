/**
 * `node --import spanprof/register app.js`: starts the profiler with what the environment says, and
 * labels the spans of whatever OpenTelemetry SDK the app sets up. The app runs in any case.
 *
 * With `SPANPROF_PULL` profiles can also be pulled from that address; with it alone there is no other.
 */
import { isMainThread } from 'node:worker_threads'
import { startProfiler } from './index.js'
import { toLog } from './logger.js'
import { joinSdk } from './otel/joined-sdk.js'

const log = toLog()

// Worker threads inherit NODE_OPTIONS. They are not profiled from within.
if (isMainThread) {
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
    if (!(isPulled && error.code === 'ERR_NO_SINK')) throw error
  })
}

async function unlessRefused(consequence: string, start: () => Promise<void>): Promise<void> {
  try {
    await start()
  } catch (error) {
    log('warn', `${consequence}: ${(error as Error).message}`)
  }
}
