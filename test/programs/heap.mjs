/**
 * Keeps objects whose number and size are known, then lets go of half of them. Tells how much memory
 * they take, and how many full collections there were while the profiler did its work.
 *
 *   node heap.mjs <output directory> <profiler options as JSON>
 */
import { constants, PerformanceObserver } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { startProfiler } from 'spanprof'

const [outputDir, options] = process.argv.slice(2)
setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc')

let collections = 0
const observer = new PerformanceObserver((list) => {
  for (const { detail } of list.getEntries()) {
    if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) collections++
  }
})
observer.observe({ entryTypes: ['gc'] })

/** Entries of the observer come with the event loop. */
async function collectionsOf(work) {
  await sleep(10)
  const before = collections
  await work()
  await sleep(10)
  return collections - before
}

const OBJECTS = 1_000_000

function retainHalf() {
  const kept = new Array(OBJECTS)
  for (let i = 0; i < OBJECTS; i++) kept[i] = { a: i, b: i, c: i, d: i }
  return kept
}

function retainOtherHalf() {
  const kept = new Array(OBJECTS)
  for (let i = 0; i < OBJECTS; i++) kept[i] = { a: i, b: i, c: i, d: i }
  return kept
}

function usedBytes() {
  gc()
  return process.memoryUsage().heapUsed
}

const profiler = await startProfiler({ outputDir, appName: 'heap', ...JSON.parse(options) })
const emptyBytes = usedBytes()
const half = retainHalf()
let otherHalf = retainOtherHalf()
const bothBytes = usedBytes() - emptyBytes
const flushed = await collectionsOf(() => profiler.flush())
otherHalf = undefined
const halfBytes = usedBytes() - emptyBytes
await profiler.stop()
console.log(
  JSON.stringify({
    objects: half.length,
    isGone: otherHalf === undefined,
    bothBytes,
    halfBytes,
    flushed,
    stats: profiler.stats(),
  }),
)
