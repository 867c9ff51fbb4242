/** Arguments: megabytes of the heap, how many readings, milliseconds between two, the server's address. */
import pyroscope from '@pyroscope/nodejs'
import { answer } from './answer.mjs'
import { fillHeap, watchReads } from './heap-reads.mjs'

const [megabytes, reads, intervalMillis] = process.argv.slice(2, 5).map(Number)

await answer(async () => {
  pyroscope.init({
    appName: 'bench',
    serverAddress: process.argv[5],
    flushIntervalMs: intervalMillis,
  })
  pyroscope.startHeapProfiling()
  const records = await fillHeap(megabytes * 1e6)
  const watched = await watchReads(reads, intervalMillis)
  // One at each interval, whatever it costs.
  return { ...watched, records: records.size, reads }
})
