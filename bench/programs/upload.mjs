/**
 * Makes a large profile, then watches the event loop: first while nothing happens, then during the
 * upload.
 *
 *   node upload.mjs <server address>
 */
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { withScratchDirectory } from '../scratch-directory.mjs'
import { startProfiler, withLabels } from '../spanprof.mjs'
import { answer } from './answer.mjs'

const [serverAddress] = process.argv.slice(2)
const LABEL_SETS = 15_000
const QUIET_MILLIS = 8_000

await answer(() => withScratchDirectory(measure))

async function measure(outputDir) {
  const profiler = await startProfiler({
    serverAddress,
    // The same profile as a file, whose size can be looked at.
    outputDir,
    samplingIntervalMicros: 200,
    flushIntervalMs: 1_800_000,
    uploadTimeoutMs: 120_000,
    flushTimeoutMs: 120_000,
  })
  await fill(profiler)
  const quiet = await delayWhile(() => sleep(QUIET_MILLIS))
  const uploading = await delayWhile(() => profiler.flush())
  const profileBytes = sizeOfLargest(outputDir)
  await profiler.stop()
  return { quiet, uploading, profileBytes }
}

/** Burns CPU under always new labels until the profile has enough of them. */
async function fill(profiler) {
  while (profiler.stats().samples < LABEL_SETS) {
    for (let i = 0; i < 20; i++) withLabels({ request: randomBytes(150).toString('hex') }, burn)
    await sleep(0)
  }
}

function burn() {
  const end = performance.now() + 0.2
  let x = 0
  while (performance.now() < end) x = Math.imul(x ^ 7, 31)
  return x
}

async function delayWhile(work) {
  const histogram = monitorEventLoopDelay({ resolution: 1 })
  const startedMillis = performance.now()
  histogram.enable()
  await work()
  histogram.disable()
  return {
    seconds: (performance.now() - startedMillis) / 1000,
    meanMillis: histogram.mean / 1e6,
    p99Millis: histogram.percentile(99) / 1e6,
    maxMillis: histogram.max / 1e6,
  }
}

function sizeOfLargest(directory) {
  const sizes = readdirSync(directory)
    .filter((name) => name.endsWith('.pb.gz'))
    .map((name) => gunzipSync(readFileSync(join(directory, name))).length)
  return Math.max(...sizes)
}
