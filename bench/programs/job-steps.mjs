import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'
import { EventEmitter, EventEmitterAsyncResource } from 'node:events'
import { stat } from 'node:fs'
import { Readable, Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { deflate } from 'node:zlib'
import { LABELS } from './burns.mjs'

/** How many bound functions wait to be called by another job than theirs. */
const MOST_LEFT_BEHIND = 100

/**
 * What the jobs of the label mix do. Each step burns CPU for a job in one of the ways in which
 * JavaScript comes to run; whichever it is, the job's label is in force there.
 *
 * @param burn burns for the job of a number, which must be the one in force.
 * @param asJob runs a function as another job.
 * @param url of a server for `fetch`.
 */
export function jobSteps({ burn, asJob, url }) {
  const leftBehind = []

  function leave(call) {
    leftBehind.push(call)
    if (leftBehind.length > MOST_LEFT_BEHIND) leftBehind.shift()
  }

  /** Another job's bound function, between two stretches of this job's own work. */
  function callOneLeftBehind(job) {
    const call = leftBehind[randomBelow(leftBehind.length)]
    burn(job)
    call()
    burn(job)
  }

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
      const other = randomBelow(LABELS)
      asJob(other, () => burn(other))
      burn(job)
      await asJob(other, async () => {
        await null
        burn(other)
      })
      burn(job)
    },
    async function failing(job) {
      const other = randomBelow(LABELS)
      try {
        asJob(other, () => {
          burn(other)
          throw new Error('meant')
        })
      } catch {
        burn(job)
      }
    },
    async function boundByResource(job) {
      leave(AsyncResource.bind(() => burn(job)))
      callOneLeftBehind(job)
    },
    async function boundByStorage(job) {
      leave(AsyncLocalStorage.bind(() => burn(job)))
      callOneLeftBehind(job)
    },
    async function snapshot(job) {
      const inContext = AsyncLocalStorage.snapshot()
      leave(() => inContext(burn, job))
      callOneLeftBehind(job)
    },
    async function emitterResource(job) {
      const emitter = new EventEmitterAsyncResource({ name: 'job' }).on('work', () => burn(job))
      leave(() => emitter.emit('work'))
      callOneLeftBehind(job)
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

async function* numbers(work) {
  for (let i = 0; i < 2; i++) {
    work()
    yield i
  }
}

export function randomBelow(end) {
  return Math.floor(Math.random() * end)
}
