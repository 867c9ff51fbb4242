// Handlers of the process, and its end: walked last, as they end it.
import { stat } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { called, mark, scope } from './probe.mjs'

/** The handlers call what an error or a promise brings along for that. */
export function handleErrors() {
  const arrived = (expected) => {
    if (typeof expected?.arrived === 'function') return expected.arrived()
    process.off('uncaughtException', arrived)
    throw expected
  }
  process.on('unhandledRejection', arrived)
  process.on('uncaughtException', arrived)
  process.on('rejectionHandled', (promise) => promise.arrived())
}

/** Resolves when a handler has got the error that `cause` causes, which it marks. */
function arrival(markPlace, cause) {
  return called((done) => {
    const arrived = () => {
      markPlace()
      setImmediate(done)
    }
    cause(Object.assign(new Error('expected'), { arrived }))
  })
}

const throwing = (error) => () => {
  throw error
}

export const ends = {
  async 'an unhandled rejection'(markPlace) {
    await arrival(markPlace, (error) => void Promise.reject(error))
    markPlace('later')
  },
  async 'an unhandled rejection, after other work'(markPlace) {
    await arrival(markPlace, (error) => {
      void Promise.reject(error)
      scope('other', () => queueMicrotask(() => mark('other work')))
    })
  },
  async 'a rejection that is handled later'(markPlace) {
    const expected = Object.assign(new Error('expected'), { arrived() {} })
    const promise = Promise.reject(expected)
    await sleep(2)
    await called((done) => {
      promise.arrived = () => {
        markPlace()
        setImmediate(done)
      }
      promise.catch(() => {})
    })
  },
  async 'an uncaught exception in a timer'(markPlace) {
    await arrival(markPlace, (error) => setTimeout(throwing(error), 1))
    markPlace('later')
  },
  async 'an uncaught exception in an immediate'(markPlace) {
    await arrival(markPlace, (error) => setImmediate(throwing(error)))
    markPlace('later')
  },
  async 'an uncaught exception in a native callback'(markPlace) {
    await arrival(markPlace, (error) => stat('.', throwing(error)))
    markPlace('later')
  },
  async 'an uncaught exception in a tick'(markPlace) {
    await arrival(markPlace, (error) => process.nextTick(throwing(error)))
    markPlace('later')
  },
  async 'an uncaught exception in a microtask'(markPlace) {
    await arrival(markPlace, (error) => queueMicrotask(throwing(error)))
    markPlace('later')
  },
}

/** @param report called when everything else has ended. */
export function markEnd(report) {
  process.once('beforeExit', () => {
    mark('beforeExit')
    scope('last work', () => setImmediate(() => mark('last work')))
    process.once('exit', () => {
      mark('exit')
      report()
    })
  })
}
