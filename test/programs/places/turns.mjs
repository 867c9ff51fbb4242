// Timers, immediates, ticks, microtasks: what JavaScript itself queues.
import { EventEmitter, on, once } from 'node:events'
import {
  setImmediate as immediate,
  setInterval as intervals,
  scheduler,
  setTimeout as sleep,
} from 'node:timers/promises'
import { MessageChannel } from 'node:worker_threads'
import { called, scope } from './probe.mjs'

export const turns = {
  setTimeout: (mark) => called((done) => setTimeout(() => done(mark()), 1)),
  'two timers of one list': (mark) =>
    called((done) => {
      scope('first timer', () => setTimeout(() => mark('first'), 2))
      setTimeout(() => done(mark('second')), 2)
    }),
  'a timer that is not referenced': (mark) =>
    called((done) => {
      setTimeout(() => mark(), 1).unref()
      setTimeout(done, 3)
    }),
  'a timer that is refreshed': (mark) =>
    called((done) => {
      let calls = 0
      const timer = setTimeout(() => {
        mark()
        if (++calls === 2) done()
        else timer.refresh()
      }, 1)
    }),
  setInterval: (mark) =>
    called((done) => {
      let calls = 0
      const timer = setInterval(() => {
        mark()
        if (++calls < 3) return
        clearInterval(timer)
        done()
      }, 1)
    }),
  setImmediate: (mark) => called((done) => setImmediate(() => done(mark()))),
  'immediates in a row': (mark) =>
    called((done) => {
      setImmediate(() => mark('first'))
      scope('between', () => setImmediate(() => mark('between')))
      setImmediate(() => done(mark('last')))
    }),
  'a promise between two immediates': (mark) =>
    called((done) => {
      setImmediate(() => Promise.resolve().then(() => mark('promise')))
      setImmediate(() => done(mark('immediate')))
    }),
  'process.nextTick': (mark) => called((done) => process.nextTick(() => done(mark()))),
  'ticks in a tick': (mark) =>
    called((done) => {
      let left = 20
      const tick = () => {
        mark()
        if (--left === 0) done()
        else process.nextTick(tick)
      }
      process.nextTick(tick)
    }),
  'a tick in a microtask': (mark) =>
    called((done) => queueMicrotask(() => process.nextTick(() => done(mark())))),
  queueMicrotask: (mark) => called((done) => queueMicrotask(() => done(mark()))),
  'microtasks in a microtask': (mark) =>
    called((done) =>
      queueMicrotask(() => {
        mark('outer')
        scope('other', () => queueMicrotask(() => mark('other')))
        queueMicrotask(() => done(mark('inner')))
      }),
    ),
  async 'timers/promises'(mark) {
    await sleep(1)
    mark('setTimeout')
    await immediate()
    mark('setImmediate')
    for await (const _ of intervals(1)) {
      mark('setInterval')
      break
    }
    await scheduler.wait(1)
    mark('scheduler.wait')
    await scheduler.yield()
    mark('scheduler.yield')
  },
  'AbortSignal.timeout': (mark) =>
    called((done) =>
      AbortSignal.timeout(1).addEventListener('abort', () => done(mark()), { once: true }),
    ),
  async 'AbortSignal.any'(mark) {
    const controller = new AbortController()
    AbortSignal.any([controller.signal]).addEventListener('abort', () => mark())
    await sleep(1)
    controller.abort()
    mark('after it')
  },
  async EventEmitter(mark) {
    const emitter = new EventEmitter()
    scope('listener', () => emitter.on('event', () => mark('a listener, as its emitter')))
    await sleep(1)
    emitter.emit('event')
    mark('after it')
  },
  async EventTarget(mark) {
    const target = new EventTarget()
    scope('listener', () => target.addEventListener('event', () => mark('a listener')))
    target.dispatchEvent(new Event('event'))
    mark('after it')
  },
  async 'events.once and events.on'(mark) {
    const emitter = new EventEmitter()
    setTimeout(() => emitter.emit('event'), 1)
    await once(emitter, 'event')
    mark('once')
    setTimeout(() => emitter.emit('event'), 1)
    for await (const _ of on(emitter, 'event')) {
      mark('on')
      break
    }
  },
  MessageChannel: (mark) =>
    called((done) => {
      const { port1, port2 } = new MessageChannel()
      port1.once('message', () => {
        mark()
        port1.close(done)
      })
      port2.postMessage(1)
    }),
  BroadcastChannel: (mark, label) =>
    called((done) => {
      const [to, from] = [
        new BroadcastChannel(`places ${label}`),
        new BroadcastChannel(`places ${label}`),
      ]
      to.onmessage = () => {
        mark()
        to.close()
        from.close()
        done()
      }
      from.postMessage(1)
    }),
}
