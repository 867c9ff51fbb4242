import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'
import { EventEmitter, EventEmitterAsyncResource } from 'node:events'
import { stat } from 'node:fs'
import { Readable, Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { deflate } from 'node:zlib'
import { LeftBehind } from './left-behind.mjs'

/**
 * What the jobs of a mix do. Each step burns CPU for a job in one of the ways in which
 * JavaScript comes to run; whichever it is, the job's label is in force there.
 *
 * @param burn burns for a job, which must be the one in force.
 * @param asAnotherJob runs a function as another job, which it is given.
 * @param url of a server for `fetch`.
 */
export function jobSteps({ burn, asAnotherJob, url }) {
  const leftBehind = new LeftBehind(burn)

  return [
    async function promises(job) {
      await null
      burn(job)
      await Promise.all([1, 2].map(async () => burn(job)))
    },
    async function thenable(job) {
      // biome-ignore lint/suspicious/noThenProperty: awaiting one is what is tried here
      await { then: (resolve) => setImmediate(resolve) }
      burn(job)
    },
    async function generator(job) {
      for await (const _ of numbers(() => burn(job))) burn(job)
    },
    async function timer(job) {
      await sleep(1)
      burn(job)
      await called((done) => setTimeout(done, 1), job)
    },
    (job) => called((done) => setImmediate(done), job),
    (job) => called((done) => process.nextTick(done), job),
    (job) => called((done) => queueMicrotask(done), job),
    (job) => called((done) => stat('.', done), job),
    (job) => called((done) => randomBytes(256, done), job),
    (job) => called((done) => deflate(Buffer.alloc(10_000), done), job),
    async function streams(job) {
      const work = (chunk, _encoding, done) => {
        burn(job)
        done(null, chunk)
      }
      await pipeline(
        Readable.from(['a', 'b', 'c']),
        new Transform({ objectMode: true, transform: work }),
        new Writable({ objectMode: true, write: work }),
      )
      burn(job)
    },
    async function events(job) {
      const emitter = new EventEmitter().on('work', () => burn(job))
      emitter.emit('work')
      await null
      emitter.emit('work')
    },
    async function request(job) {
      const response = await fetch(url)
      burn(job)
      await response.text()
      burn(job)
    },
    async function nested(job) {
      asAnotherJob(burn)
      burn(job)
      await asAnotherJob(async (other) => {
        await null
        burn(other)
      })
      burn(job)
    },
    async function failing(job) {
      try {
        asAnotherJob((other) => {
          burn(other)
          throw new Error('meant')
        })
      } catch {
        burn(job)
      }
    },
    async function boundByResource(job) {
      leftBehind.leave(AsyncResource.bind(() => burn(job)))
      leftBehind.callOne(job)
    },
    async function boundByStorage(job) {
      leftBehind.leave(AsyncLocalStorage.bind(() => burn(job)))
      leftBehind.callOne(job)
    },
    async function snapshot(job) {
      const inContext = AsyncLocalStorage.snapshot()
      leftBehind.leave(() => inContext(burn, job))
      leftBehind.callOne(job)
    },
    async function emitterResource(job) {
      const emitter = new EventEmitterAsyncResource({ name: 'job' }).on('work', () => burn(job))
      leftBehind.leave(() => emitter.emit('work'))
      leftBehind.callOne(job)
    },
  ]

  /** A callback that burns; resolves afterwards. */
  function called(start, job) {
    return new Promise((resolve) => {
      start(() => {
        burn(job)
        resolve()
      })
    })
  }
}

/** Does its work before each of the numbers 0 and 1. */
export async function* numbers(work) {
  for (let i = 0; i < 2; i++) {
    work()
    yield i
  }
}
