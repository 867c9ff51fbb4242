// Twenty concurrent jobs through everything that carries a context. Each label has a function of its
// own name to burn CPU in, so that every sample tells which label it should carry.
//   node hard-mix.mjs <output directory> <samples>
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import { EventEmitter, EventEmitterAsyncResource, once } from 'node:events'
import { createServer } from 'node:http'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { startProfiler, withLabels } from 'spanprof'
import { burner } from './burn.mjs'

const [outputDir, samples] = process.argv.slice(2)
const LABELS = 8
const burners = Array.from({ length: LABELS }, (_, i) => burner(`burn_${i}`))
function burn(job) {
  burners[job](0.05 + Math.random() * 0.4 * (job + 1))
}

const server = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1')
await once(server, 'listening')
const url = `http://127.0.0.1:${server.address().port}`
const profiler = await startProfiler({ outputDir, samplingIntervalMicros: 1000, appName: 'mix' })

// What one label has bound, another one calls.
const bound = []
const steps = [
  () => null,
  () => sleep(1),
  () => new Promise((resolve) => setImmediate(resolve)),
  () => new Promise((resolve) => process.nextTick(resolve)),
  () => fetch(url).then((response) => response.text()),
  (job) =>
    pipeline(
      Readable.from(['a', 'b', 'c']),
      new Transform({
        objectMode: true,
        transform(chunk, _encoding, done) {
          burn(job)
          done(null, chunk)
        },
      }),
      async (chunks) => {
        for await (const _ of chunks) burn(job)
      },
    ),
  (job) => {
    const emitter = new EventEmitter().once('event', () => burn(job))
    setImmediate(() => emitter.emit('event'))
    return once(emitter, 'event')
  },
  (job) => {
    const resource = new AsyncResource('mix')
    const emitter = new EventEmitterAsyncResource({ name: 'mix' }).on('event', () => burn(job))
    const snapshot = AsyncLocalStorage.snapshot()
    bound.push(
      AsyncResource.bind(() => burn(job)),
      AsyncLocalStorage.bind(() => burn(job)),
      () => snapshot(() => burn(job)),
      () => resource.runInAsyncScope(() => burn(job)),
      () => emitter.emit('event'),
    )
  },
  (job) => {
    for (const call of bound.splice(0, 3)) {
      call()
      burn(job)
    }
  },
  (job) => {
    const inner = (job + 1) % LABELS
    withLabels({ job: inner }, () => burn(inner))
    burn(job)
  },
]

async function run(job) {
  for (let i = 0; i < 20; i++) {
    burn(job)
    await steps[Math.floor(Math.random() * steps.length)](job)
  }
}

async function client() {
  // Not for some time: on a busy machine there are few samples in it.
  while (profiler.stats().samples < Number(samples)) {
    const job = Math.floor(Math.random() * LABELS)
    await withLabels({ job, kind: `kind ${job % 2}` }, () => run(job))
  }
}
await Promise.all(Array.from({ length: 20 }, client))
await profiler.stop()
console.log(JSON.stringify(profiler.stats()))
server.close()
server.closeAllConnections()
