// What the specification asks of a context manager, as checks of a registered one. Names read as
// sentences; a check throws where it fails.
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

const ADD_METHODS = ['on', 'once', 'addListener', 'prependListener', 'prependOnceListener']
const called = (register) => new Promise((resolve) => register(resolve))

/** Each gets the API's `context` and two contexts, `a` and `b`, that are not active. */
export const CHECKS = {
  'outside of all, the root context is active'({ context, root }) {
    assert.equal(context.active(), root)
  },
  'with makes its context active, the very object'({ context, a, root }) {
    context.with(a, () => assert.equal(context.active(), a))
    assert.equal(context.active(), root)
  },
  'with passes this, arguments and the return value'({ context, a }) {
    const self = {}
    function fn(...args) {
      return [this, args]
    }
    const [seenThis, seenArgs] = context.with(a, fn, self, 1, 'two', undefined)
    assert.equal(seenThis, self)
    assert.deepEqual(seenArgs, [1, 'two', undefined])
    assert.deepEqual(context.with(a, fn, self)[1], [])
    assert.deepEqual(context.with(a, fn, self, 1)[1], [1])
    assert.deepEqual(
      context.with(a, (...args) => args, undefined, 1, 2, 3),
      [1, 2, 3],
    )
    assert.equal(
      context.with(a, () => undefined),
      undefined,
    )
  },
  'with lets an error through and restores'({ context, a, root }) {
    const error = new Error('expected')
    assert.throws(
      () =>
        context.with(a, () => {
          throw error
        }),
      (thrown) => thrown === error,
    )
    assert.equal(context.active(), root)
  },
  'with nests'({ context, a, b, root }) {
    context.with(a, () => {
      context.with(b, () => {
        assert.equal(context.active(), b)
        context.with(a, () => assert.equal(context.active(), a))
        context.with(root, () => assert.equal(context.active(), root))
        assert.equal(context.active(), b)
      })
      assert.equal(context.active(), a)
    })
    assert.equal(context.active(), root)
  },
  async 'with reaches over await, of two at once'({ context, a, b, root }) {
    const work = async (mine) => {
      for (let i = 0; i < 5; i++) {
        await null
        assert.equal(context.active(), mine)
        await sleep(1)
        assert.equal(context.active(), mine)
      }
      return mine
    }
    const results = await Promise.all([a, b].map((mine) => context.with(mine, work, null, mine)))
    assert.deepEqual(results, [a, b])
    assert.equal(context.active(), root)
  },
  async 'with lets a rejection through'({ context, a, root }) {
    await assert.rejects(
      context.with(a, async () => {
        await null
        throw new Error('expected')
      }),
      /expected/,
    )
    assert.equal(context.active(), root)
  },
  async 'with reaches into timers, immediates, ticks and microtasks'({ context, a }) {
    const registers = [setTimeout, setImmediate, process.nextTick, queueMicrotask]
    for (const register of registers) {
      const seen = await context.with(a, () =>
        called((done) => register(() => done(context.active()))),
      )
      assert.equal(seen, a, register.name)
    }
  },
  async 'a nested with reaches over await, and so does the outer one'({ context, a, b }) {
    await context.with(a, async () => {
      await context.with(b, async () => {
        await sleep(1)
        assert.equal(context.active(), b)
      })
      assert.equal(context.active(), a)
      await null
      assert.equal(context.active(), a)
    })
  },
  async 'with reaches through an async iterator'({ context, a }) {
    async function* generator() {
      for (let i = 0; i < 3; i++) {
        await sleep(1)
        yield context.active()
      }
    }
    await context.with(a, async () => {
      for await (const seen of generator()) {
        assert.equal(seen, a)
        assert.equal(context.active(), a)
      }
    })
  },
  'bind gives a function that runs in its context'({ context, a, b, root }) {
    const bound = context.bind(a, () => context.active())
    assert.equal(bound(), a)
    assert.equal(context.active(), root)
    context.with(b, () => {
      assert.equal(bound(), a)
      assert.equal(context.active(), b)
    })
  },
  'bind keeps this, arguments, the return value and the length of a function'({ context, a }) {
    const bound = context.bind(a, function (one, two) {
      return [this, one, two]
    })
    const self = { bound }
    assert.deepEqual(self.bound(1, 2), [self, 1, 2])
    assert.equal(bound.length, 2)
  },
  'bind lets an error through'({ context, a, root }) {
    const bound = context.bind(a, () => {
      throw new Error('expected')
    })
    assert.throws(bound, /expected/)
    assert.equal(context.active(), root)
  },
  async 'a bound function may be asynchronous'({ context, a, b }) {
    const bound = context.bind(a, async () => {
      await sleep(1)
      return context.active()
    })
    await context.with(b, async () => {
      assert.equal(await bound(), a)
      assert.equal(context.active(), b)
    })
  },
  'bind leaves alone what it cannot bind'({ context, a }) {
    const target = { not: 'a function' }
    assert.equal(context.bind(a, target), target)
    assert.equal(context.bind(a, 7), 7)
  },
  'bind of an emitter gives the same emitter, whose listeners run in its context'({
    context,
    a,
    b,
    root,
  }) {
    for (const method of ADD_METHODS) {
      const emitter = new EventEmitter()
      assert.equal(context.bind(a, emitter), emitter)
      const seen = []
      emitter[method]('event', function (...args) {
        seen.push([context.active(), this, args])
      })
      context.with(b, () => emitter.emit('event', 1, 2))
      assert.deepEqual(
        seen.map(([active]) => active === a),
        [true],
        method,
      )
      assert.equal(seen[0][1], emitter)
      assert.deepEqual(seen[0][2], [1, 2])
      assert.equal(context.active(), root)
    }
  },
  'a listener that asked for one event hears one'({ context, a }) {
    for (const method of ['once', 'prependOnceListener']) {
      const emitter = context.bind(a, new EventEmitter())
      let count = 0
      emitter[method]('event', () => count++)
      emitter.emit('event')
      emitter.emit('event')
      assert.equal(count, 1)
      assert.equal(emitter.listenerCount('event'), 0)
    }
  },
  'a listener of a bound emitter can be taken away again'({ context, a }) {
    for (const add of ADD_METHODS) {
      for (const remove of ['removeListener', 'off']) {
        const emitter = context.bind(a, new EventEmitter())
        const listener = () => assert.fail(`${remove} after ${add}`)
        emitter[add]('event', listener)
        emitter[remove]('event', listener)
        emitter.emit('event')
        assert.equal(emitter.listenerCount('event'), 0)
      }
    }
  },
  'all listeners of a bound emitter can be taken away'({ context, a }) {
    const emitter = context.bind(a, new EventEmitter())
    const fail = () => assert.fail('called')
    emitter.on('one', fail)
    emitter.on('two', fail)
    emitter.removeAllListeners('one')
    emitter.emit('one')
    assert.equal(emitter.listenerCount('two'), 1)
    emitter.removeAllListeners()
    emitter.emit('two')
    assert.equal(emitter.listenerCount('two'), 0)
  },
  'a listener from before the binding stays in the context of who emits'({ context, a, b }) {
    const emitter = new EventEmitter()
    const seen = []
    emitter.on('event', () => seen.push(context.active()))
    context.bind(a, emitter)
    context.with(b, () => emitter.emit('event'))
    assert.equal(seen[0], b)
  },
}

/** Of a manager that has `attach`, which came with version 1.10 of the API. */
export const ATTACH_CHECKS = {
  'attach makes its context active until it is disposed of'({ context, a, root }) {
    const token = context.attach(a)
    assert.equal(context.active(), a)
    token.dispose()
    assert.equal(context.active(), root)
  },
  'attach nests'({ context, a, b, root }) {
    const outer = context.attach(a)
    const inner = context.attach(b)
    assert.equal(context.active(), b)
    inner.dispose()
    assert.equal(context.active(), a)
    outer.dispose()
    assert.equal(context.active(), root)
  },
  'a second dispose does nothing'({ context, a, b }) {
    const token = context.attach(a)
    token.dispose()
    context.with(b, () => {
      token.dispose()
      assert.equal(context.active(), b)
    })
  },
  async 'attach reaches over await'({ context, a }) {
    await context.with(a, async () => {
      await null
      const token = context.attach(context.active().deleteValue(Symbol('none')))
      const attached = context.active()
      await sleep(1)
      assert.equal(context.active(), attached)
      token.dispose()
      assert.equal(context.active(), a)
    })
  },
}
