// Reads large source maps in a thread with a small heap: large-map.mjs <empty directory>
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { SourceMaps } from '../../dist/source-maps/source-maps.js'

/** Two thirds of it are the source, as usual. */
function mapOf(bytes) {
  return JSON.stringify({
    version: 3,
    sources: ['cart.ts'],
    names: Array.from({ length: 50_000 }, (_, i) => `name${i}`),
    mappings: `AAUAA,SAASA,CAAC,${'IAAAA,'.repeat(bytes / 18)}AAAA`,
    sourcesContent: ['x'.repeat((bytes / 3) * 2 - 1e6)],
  })
}

if (isMainThread) {
  const [beside, inline] = ['beside.js', 'inline.js'].map((name) => join(process.argv[2], name))
  const comment = 'function a(){}\n//# sourceMappingURL='
  writeFileSync(`${beside}.map`, mapOf(30e6))
  writeFileSync(beside, `${comment}beside.js.map`)
  const base64 = Buffer.from(mapOf(20e6)).toString('base64')
  writeFileSync(inline, `${comment}data:application/json;base64,${base64}`)
  const worker = new Worker(new URL(import.meta.url), {
    workerData: [beside, inline],
    resourceLimits: { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 },
  })
  worker.on('message', (counts) => console.log(JSON.stringify(counts)))
} else {
  const counts = { read: 0, failed: 0, late: 0 }
  const report = {
    read: () => counts.read++,
    failed: () => counts.failed++,
    late: () => counts.late++,
  }
  const maps = new SourceMaps({ find: async () => new Map() }, report)
  // The last column of all: the whole map is read.
  const frame = { functionName: 'a', line: 1, column: 1e9 }
  for (const url of workerData) await maps.locationsOf([{ frame: { ...frame, url }, line: 1 }])
  parentPort.postMessage(counts)
}
