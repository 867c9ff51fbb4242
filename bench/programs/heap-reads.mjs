import { constants, PerformanceObserver } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { settle } from './settle.mjs'

/** Records as an app caches them, until the heap has grown by so many bytes. */
export async function fillHeap(bytes) {
  const records = new Map()
  const full = process.memoryUsage().heapUsed + bytes
  while (process.memoryUsage().heapUsed < full) {
    for (let i = 0; i < 10_000; i++) addRecord(records)
  }
  // Else a collection that has begun by now would end while readings are watched.
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  await settle()
  return records
}

function addRecord(records) {
  const id = records.size
  records.set(id, {
    name: `customer ${id}`,
    tags: ['a', 'b', id],
    address: { street: `street ${id % 1000}`, number: id },
    balance: id / 7,
  })
}

/**
 * Lets the event loop come round and round, while a profiler reads the heap once in each interval.
 *
 * @returns the longest gap of each interval, and how many full collections there were.
 */
export async function watchReads(reads, intervalMillis) {
  let collections = 0
  const observer = new PerformanceObserver((list) => {
    for (const { detail } of list.getEntries()) {
      if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) collections++
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  const stallsMillis = []
  for (let i = 0; i < reads; i++) stallsMillis.push(await longestGap(intervalMillis))
  observer.disconnect()
  return { stallsMillis, collections }
}

function longestGap(durationMillis) {
  let longest = 0
  let last = performance.now()
  const end = last + durationMillis
  return new Promise((resolve) => {
    const turn = () => {
      const now = performance.now()
      longest = Math.max(longest, now - last)
      last = now
      if (now < end) setImmediate(turn)
      else resolve(longest)
    }
    turn()
  })
}
