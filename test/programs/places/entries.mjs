// JavaScript that native code calls in the middle of other JavaScript, and contexts of their own.
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import vm from 'node:vm'
import { called, scope } from './probe.mjs'

export const entries = {
  async 'callbacks of built-in functions'(mark) {
    ;[2, 1].sort(() => mark('sort'))
    JSON.parse('{"a":1}', () => mark('reviver'))
    JSON.stringify({ toJSON: () => mark('toJSON') })
    'a'.replace(/a/, () => {
      mark('replace')
      return ''
    })
    Reflect.apply(() => mark('Reflect.apply'), undefined, [])
    Array.from([1], () => mark('Array.from'))
    mark('after them')
  },
  async 'getters, proxies and conversions'(mark) {
    const target = {
      get value() {
        return mark('a getter')
      },
    }
    structuredClone(target)
    void new Proxy({}, { get: () => mark('a trap') }).x
    void `${{
      toString: () => {
        mark('toString')
        return ''
      },
    }}`
    void +{
      [Symbol.toPrimitive]: () => {
        mark('toPrimitive')
        return 1
      },
    }
    inspect({
      [inspect.custom]: () => {
        mark('inspect')
        return ''
      },
    })
    mark('after them')
  },
  async 'Error.prepareStackTrace'(mark) {
    const { prepareStackTrace } = Error
    Error.prepareStackTrace = () => mark()
    void new Error('expected').stack
    Error.prepareStackTrace = prepareStackTrace
    mark('after it')
  },
  async 'process.emitWarning'(mark) {
    await called((done) => {
      process.once('warning', () => done(mark()))
      process.emitWarning('expected', { type: 'Places' })
    })
  },
  async 'an exception out of a scope in a scope'(mark) {
    try {
      scope('outer', () =>
        scope('inner', () => {
          throw new Error('expected')
        }),
      )
    } catch {
      mark()
    }
    await sleep(1)
    mark('later')
  },
  async 'another context'(mark) {
    const context = vm.createContext({ mark, setTimeout })
    vm.runInContext('mark()', context)
    await vm.runInContext('(async () => { await null; mark("after an await") })()', context)
    mark('after it')
  },
  async 'another context with its own microtasks'(mark) {
    const context = vm.createContext({ mark }, { microtaskMode: 'afterEvaluate' })
    scope('evaluated', () =>
      vm.runInContext('Promise.resolve().then(() => mark("its microtask")); mark()', context),
    )
    mark('right after it')
    await null
    mark('an await later')
  },
  async 'a function of another context with its own microtasks'(mark) {
    const context = vm.createContext({ mark }, { microtaskMode: 'afterEvaluate' })
    vm.runInContext('const f = () => mark(); f()', context)
    mark('right after it')
  },
  async 'a suspended import of WebAssembly'(mark) {
    if (WebAssembly.Suspending === undefined) return
    const suspended = new WebAssembly.Suspending(async () => {
      await sleep(1)
      mark('in the import')
      return 1
    })
    const { instance } = await WebAssembly.instantiate(SUSPENDS, {
      m: { f: suspended, g: () => mark('after it was resumed') },
    })
    await WebAssembly.promising(instance.exports.run)()
    mark('after it')
  },
}

/** `(func (export "run") (drop (call $f)) (call $g))` with `m.f: () -> i32` and `m.g: () -> ()`. */
const SUSPENDS = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 2, 96, 0, 1, 127, 96, 0, 0, 2, 13, 2, 1, 109, 1, 102, 0, 0, 1,
  109, 1, 103, 0, 1, 3, 2, 1, 1, 7, 7, 1, 3, 114, 117, 110, 0, 2, 10, 9, 1, 7, 0, 16, 0, 26, 16, 1,
  11,
])
