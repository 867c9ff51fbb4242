import { setTimeout as sleep } from 'node:timers/promises'
import { callbackify, promisify } from 'node:util'
import { called, scope } from './probe.mjs'

class OwnPromise extends Promise {}

export const promises = {
  async 'await of a value'(mark) {
    await null
    mark()
    await undefined
    mark('again')
  },
  async 'await of a promise that is pending'(mark) {
    await sleep(1)
    mark()
  },
  async 'await of a rejection'(mark) {
    await Promise.reject(new Error('expected')).catch(() => mark('catch'))
    try {
      await Promise.reject(new Error('expected'))
    } catch {
      mark()
    }
  },
  async 'then, and its chain'(mark) {
    await Promise.resolve()
      .then(() => mark('first'))
      .then(() => mark('second'))
  },
  async finally(mark) {
    await sleep(1).finally(() => mark())
  },
  async 'a promise that other work resolves'(mark) {
    let resolve
    const promise = new Promise((each) => {
      resolve = each
    })
    scope('other', () => setImmediate(resolve))
    await promise
    mark()
  },
  async 'a promise that other work rejects'(mark) {
    let reject
    const promise = new Promise((_, each) => {
      reject = each
    })
    scope('other', () => setImmediate(reject))
    await promise.catch(() => mark())
  },
  async 'Promise.all'(mark) {
    await Promise.all([sleep(1).then(() => mark('inside')), null])
    mark()
  },
  async 'Promise.race, any and allSettled'(mark) {
    await Promise.race([sleep(1), sleep(2)])
    mark('race')
    await Promise.any([Promise.reject(new Error('expected')), sleep(1)])
    mark('any')
    await Promise.allSettled([Promise.reject(new Error('expected')), sleep(1)])
    mark('allSettled')
  },
  async 'a subclass of Promise'(mark) {
    await OwnPromise.resolve()
    mark()
    await OwnPromise.resolve().then(() => mark('then'))
  },
  async 'a thenable'(mark) {
    await {
      // biome-ignore lint/suspicious/noThenProperty: that is what is probed.
      then(resolve) {
        mark('its then')
        setImmediate(resolve)
      },
    }
    mark()
  },
  async 'a thenable that a promise is resolved with'(mark) {
    await new Promise((resolve) => {
      // biome-ignore lint/suspicious/noThenProperty: that is what is probed.
      resolve({ then: (done) => done(mark('its then')) })
    })
    mark()
  },
  async 'a function that returns a promise of a promise'(mark) {
    const inner = async () => {
      await null
      mark('inside')
      return sleep(1)
    }
    await (async () => inner())()
    mark()
  },
  async 'a generator'(mark) {
    function* steps() {
      mark('first')
      yield 1
      mark('second')
    }
    for (const _ of steps()) await null
    mark()
  },
  async 'an async generator'(mark) {
    async function* steps() {
      mark('before its await')
      await sleep(1)
      mark('after its await')
      yield 1
    }
    for await (const _ of steps()) mark()
  },
  async 'for await over promises'(mark) {
    for await (const _ of [sleep(1), null]) mark()
  },
  async 'a nested async function'(mark) {
    await (async () => {
      mark('before its await')
      await sleep(1)
      mark('after its await')
    })()
  },
  async 'a scope inside, over an await'(mark) {
    await scope('inner', async () => {
      mark('inside')
      await sleep(1)
      mark('inside, after an await')
    })
    mark('after it')
  },
  async 'two scopes inside at once'(mark) {
    const inner = (label) =>
      scope(label, async () => {
        for (let i = 0; i < 3; i++) {
          await null
          mark(label)
          await sleep(1)
          mark(`${label} after a timer`)
        }
      })
    await Promise.all([inner('first'), inner('second')])
    mark()
  },
  async 'util.promisify'(mark) {
    await promisify((done) => setImmediate(done))()
    mark()
  },
  async 'util.callbackify'(mark) {
    await called((done) =>
      callbackify(async () => sleep(1))(() => {
        mark()
        done()
      }),
    )
  },
  async 'dynamic import'(mark) {
    await import('../answer-of-import.mjs')
    mark()
  },
  async 'an async function made from text'(mark) {
    const AsyncFunction = (async () => {}).constructor
    await new AsyncFunction('mark', 'await null; mark()')(mark)
  },
  async 'WebAssembly.instantiate'(mark) {
    await WebAssembly.instantiate(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))
    mark()
  },
  async 'Atomics.waitAsync'(mark) {
    const memory = new Int32Array(new SharedArrayBuffer(4))
    await Atomics.waitAsync(memory, 0, 0, 2).value
    mark()
  },
  async 'Array.fromAsync'(mark) {
    if (Array.fromAsync === undefined) return
    await Array.fromAsync([1, 2], async () => {
      await null
      mark('inside')
    })
    mark()
  },
}
