// A web shop with three tenants under load, profiled by spanprof: does each tenant get the CPU time
// that its requests have burnt? The shop is told what to do (tenants.mjs) and times its own work
// (stopwatch.mjs); the profile is made without knowing either.
//
//   npm run demo [-- --seconds 10]
//
// Profiles go to ./profiles beside those of earlier runs; nothing is deleted there.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { startProfiler } from 'spanprof'
import { progress } from './progress.mjs'
import { report } from './report.mjs'
import { seenBySpanprof } from './seen-by-spanprof.mjs'
import { Shop } from './shop.mjs'
import { Stopwatch } from './stopwatch.mjs'
import { work } from './work.mjs'

const seconds = secondsToRun()
const outputDir = resolve('profiles')
const earlier = new Set(profilesIn(outputDir))

const stopwatch = new Stopwatch()
const shop = new Shop(work, stopwatch)
const port = await shop.open()

// At Ctrl-C the profile is still written; the customers leave when this process has gone.
const profiler = await startProfiler({ appName: 'shop', outputDir, flushOnSignals: true })
const customers = await customersOf(port)
await progress('Profiling a shop with 3 tenants and 12 customers', seconds)
const { failures } = await customers.leave()
await profiler.stop()
await shop.close()

const files = profilesIn(outputDir).filter((file) => !earlier.has(file))
report({
  measured: stopwatch.millis,
  seen: seenBySpanprof(files),
  stats: profiler.stats(),
  requests: shop.answered,
  files: files.map((file) => relative('.', file)),
})
for (const failure of failures) console.error(`failed: ${failure}`)
process.exitCode = failures.length === 0 && files.length > 0 ? 0 : 1

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
  await once(child, 'spawn')
  return {
    async leave() {
      child.send('leave')
      const [result] = await Promise.race([said, gone])
      return result
    },
  }
}

function profilesIn(directory) {
  if (!existsSync(directory)) return []
  const names = readdirSync(directory).filter((name) => /^shop-cpu-.*\.pb\.gz$/.test(name))
  return names.sort().map((name) => join(directory, name))
}
