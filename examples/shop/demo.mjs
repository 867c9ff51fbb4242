// A web shop under load, traced by OpenTelemetry and profiled by spanprof. It checks that each route,
// each tenant and each single request is billed for the CPU time it used. The shop is told what to do
// (plan.mjs) and times its own work (stopwatch.mjs); the tracer times its requests
// (request-spans.mjs). The profile is made without knowing any of this.
//
//   npm run demo [-- --seconds 10]
//
// Profiles go to ./profiles, next to those of earlier runs; nothing is deleted there.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { startProfiler } from 'spanprof'
import { findings } from './findings.mjs'
import { problems } from './problems.mjs'
import { progress } from './progress.mjs'
import { report } from './report.mjs'
import { seenBySpanprof } from './seen-by-spanprof.mjs'
import { Shop } from './shop.mjs'
import { startTracing } from './tracing.mjs'
import { work } from './work.mjs'

const seconds = secondsToRun()
const outputDir = resolve('profiles')
const earlier = new Set(profilesIn(outputDir))

const tracing = startTracing()
const shop = new Shop(work)
const port = await shop.open()

// At Ctrl-C the profile is still written; the customers leave when this process has gone.
const profiler = await startProfiler({ appName: 'shop', outputDir, flushOnSignals: true })
const customers = await customersOf(port)
await progress('Profiling a shop with 3 tenants and 12 customers', seconds)
const { failures } = await customers.leave()
await shop.close()
await profiler.stop()
await tracing.stop()

const files = profilesIn(outputDir).filter((file) => !earlier.has(file))
const found = findings({
  requests: shop.requests,
  spans: tracing.requestSpans.ended,
  samples: seenBySpanprof(files),
})
report({ found, stats: profiler.stats(), files: files.map((file) => relative('.', file)) })
const failed = [...failures, ...problems(found)]
for (const each of failed) console.error(`failed: ${each}`)
process.exitCode = failed.length === 0 ? 0 : 1

function secondsToRun() {
  try {
    const { values } = parseArgs({ options: { seconds: { type: 'string', default: '10' } } })
    const seconds = Number(values.seconds)
    if (seconds >= 1 && seconds <= 3600) return seconds
    throw new Error(`--seconds must be a number from 1 to 3600, received ${values.seconds}`)
  } catch (error) {
    console.error(error.message)
    process.exit(2)
  }
}

/** Starts the customers, in a process of their own so that only the shop is profiled. */
async function customersOf(port) {
  const child = fork(new URL('./customers.mjs', import.meta.url), [String(port)])
  const said = once(child, 'message')
  const gone = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`the customers' process ended early (${signal ?? code})`)
  })
  // Awaited from now on: customers who met a failure say so and go before they are told to.
  const result = Promise.race([said, gone])
  await once(child, 'spawn')
  return {
    async leave() {
      if (child.connected) child.send('leave')
      return (await result)[0]
    },
  }
}

function profilesIn(directory) {
  if (!existsSync(directory)) return []
  const names = readdirSync(directory).filter((name) => /^shop-cpu-.*\.pb\.gz$/.test(name))
  return names.sort().map((name) => join(directory, name))
}
