/** Arguments: megabytes of the heap, how many readings, milliseconds between two, where profiles go. */
import { startProfiler } from '../spanprof.mjs'
import { answer } from './answer.mjs'
import { fillHeap, watchReads } from './heap-reads.mjs'

const [megabytes, reads, intervalMillis] = process.argv.slice(2, 5).map(Number)

await answer(async () => {
  const profiler = await startProfiler({
    appName: 'bench',
    outputDir: process.argv[5],
    flushIntervalMs: intervalMillis,
    cpu: false,
    // Else the readings would be far apart before Node.js 26.
    heap: { maxPausePercent: 100 },
    logger: { warn() {}, info() {} },
  })
  const records = await fillHeap(megabytes * 1e6)
  const before = profiler.stats()
  const watched = await watchReads(reads, intervalMillis)
  const after = profiler.stats()
  return {
    ...watched,
    records: records.size,
    reads: after.heapReads - before.heapReads,
    ownPauseMillis: (after.heapPauseMicros - before.heapPauseMicros) / 1000,
  }
})
