// AsyncResource, AsyncLocalStorage and diagnostics channels: what changes the context within JavaScript.
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import { channel, tracingChannel } from 'node:diagnostics_channel'
import { EventEmitterAsyncResource } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { setLabels } from 'spanprof'
import { called, scope, truth } from './probe.mjs'

/** Sets a label, and the truth, for the rest of the current context. */
function set(label) {
  truth.enterWith(label)
  setLabels({ l: label })
}

/** Of a library that knows nothing of labels. */
const other = new AsyncLocalStorage()
let boundEarly

/** Before the first label: what is bound here has no hook of ours. */
export function bindEarly() {
  const resource = new AsyncResource('early')
  boundEarly = [resource.bind((mark) => mark(), {}), AsyncResource.bind((mark) => mark())]
}

export const resources = {
  async 'AsyncResource.runInAsyncScope'(mark) {
    const resource = scope('resource', () => new AsyncResource('places'))
    resource.runInAsyncScope(() => mark('inside'))
    mark('after it')
    await sleep(1)
    resource.runInAsyncScope(() => {
      mark('inside, later')
      scope('inner', () => mark('a scope inside'))
      mark('after a scope inside')
    })
    mark('after it, later')
  },
  async 'AsyncResources inside each other'(mark) {
    const [outer, inner] = ['outer', 'inner'].map((label) =>
      scope(label, () => new AsyncResource('places')),
    )
    outer.runInAsyncScope(() => {
      inner.runInAsyncScope(() => mark('inner'))
      mark('outer')
    })
    mark('after both')
  },
  async 'an AsyncResource that throws'(mark) {
    const resource = scope('resource', () => new AsyncResource('places'))
    const failing = () => {
      mark('inside')
      throw new Error('expected')
    }
    try {
      resource.runInAsyncScope(failing)
    } catch {
      mark('caught')
    }
    await null
    mark('an await later')
  },
  async 'AsyncResource.bind'(mark) {
    const bound = scope('bound', () => AsyncResource.bind(() => mark('inside')))
    bound()
    mark('after it')
    const resource = scope('bound', () => new AsyncResource('places'))
    resource.bind(() => mark('of an instance'))()
    resource.bind(() => mark('with this'), {})()
    mark('after those')
  },
  async 'functions bound before the first label'(mark) {
    for (const bound of boundEarly) bound((detail) => mark(detail ?? 'inside'))
    mark('after them')
  },
  async EventEmitterAsyncResource(mark) {
    const emitter = scope('emitter', () => new EventEmitterAsyncResource({ name: 'places' }))
    emitter.on('event', () => mark('a listener'))
    emitter.emit('event')
    mark('after it')
  },
  async 'AsyncLocalStorage.bind and snapshot'(mark) {
    scope('bound', () => AsyncLocalStorage.bind(() => mark('bind')))()
    mark('after bind')
    const inSnapshot = scope('snapshot', () => AsyncLocalStorage.snapshot())
    inSnapshot(() => mark('snapshot'))
    mark('after snapshot')
    await null
    inSnapshot(() => mark('snapshot, later'))
    mark('after snapshot, later')
  },
  async 'an AsyncResource across an await'(mark) {
    const resource = scope('resource', () => new AsyncResource('places'))
    await resource.runInAsyncScope(async () => {
      mark('before its await')
      await sleep(1)
      mark('after its await')
    })
    mark('after it')
  },
  async 'another AsyncLocalStorage'(mark) {
    other.run(1, () => mark('run'))
    other.enterWith(2)
    mark('enterWith')
    other.exit(() => mark('exit'))
    mark('after it')
    await null
    mark('an await later')
  },
  async 'a scope that throws'(mark) {
    try {
      scope('inner', () => {
        throw new Error('expected')
      })
    } catch {
      mark()
    }
  },
  async 'scopes one after the other'(mark) {
    for (const label of ['first', 'second', 'third']) {
      scope(label, () => mark(label))
      mark('between')
    }
  },
  async 'a subscriber of a diagnostics channel'(mark) {
    const subject = channel('spanprof:places')
    const subscriber = () => mark()
    subject.subscribe(subscriber)
    subject.publish({})
    subject.unsubscribe(subscriber)
    mark('after it')
  },
  async 'a tracing channel'(mark, label) {
    const subject = tracingChannel(`spanprof:places:${label}`)
    const subscribers = {
      start: () => mark('start'),
      end: () => mark('end'),
      asyncEnd: () => mark('asyncEnd'),
    }
    subject.subscribe(subscribers)
    subject.traceSync(() => mark('traceSync'))
    await subject.tracePromise(async () => {
      await sleep(1)
      mark('tracePromise')
    })
    await called((done) =>
      subject.traceCallback(
        (callback) => setImmediate(callback),
        0,
        {},
        undefined,
        () => {
          mark('traceCallback')
          done()
        },
      ),
    )
    subject.unsubscribe(subscribers)
    mark('after it')
  },
  async setLabels(mark) {
    await null
    set('early')
    mark('early')
    set('set')
    mark('late')
    scope('inner', () => {
      mark('a scope inside')
      set('set inside')
      mark('set in a scope')
    })
    mark('after a scope')
    await sleep(1)
    mark('after an await')
    setImmediate(() => {
      set('set in an immediate')
      mark('in an immediate')
    })
    await called((done) => setImmediate(done))
    mark('after an immediate')
  },
  async 'work that runs as nobody'(mark) {
    await truth.exit(() =>
      scope(undefined, async () => {
        mark('before an await')
        await sleep(1)
        mark('after an await')
      }),
    )
    mark('after it')
  },
}
