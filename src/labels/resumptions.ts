import { AsyncResource, createHook } from 'node:async_hooks'
// By default import: not every runtime that can load this has promiseHooks.
import v8 from 'node:v8'
import { wrapMethod } from './wrapped-method.js'

/**
 * Calls `resumed` whenever an asynchronous continuation begins to run: a promise's reaction, a timer,
 * an immediate, a tick, a native callback.
 *
 * @returns stops it.
 */
export function observeResumptions(resumed: () => void): () => void {
  if (hooksFollowPromises()) {
    const hook = createHook({ before: resumed }).enable()
    return () => hook.disable()
  }
  // Cheaper than an async hook that follows promises: +30-50 ns an await instead of an id, an
  // object and two look-ups for each promise.
  const hook = createHook({ before: resumed, ...WITHOUT_PROMISES }).enable()
  const stopPromises = v8.promiseHooks.onBefore(resumed)
  return () => {
    hook.disable()
    stopPromises()
  }
}

/** Known to Node 24.14 and later; the types are those of the oldest line that is supported. */
const WITHOUT_PROMISES = { trackPromises: false } as object

/**
 * Whether `createHook` reports promises even where it is told not to: Node lines that do not know the
 * option ignore it. Found out by trying, as flags and back-ports make versions a poor guide.
 */
function hooksFollowPromises(): boolean {
  let followed = false
  const hook = createHook({
    init(_asyncId, type) {
      if (type === 'PROMISE') followed = true
    },
    ...WITHOUT_PROMISES,
  }).enable()
  void Promise.resolve().then(() => {})
  hook.disable()
  return followed
}

/**
 * Calls `changed` inside and after each function that `runInAsyncScope` runs in its resource's own
 * context. That also carries `AsyncResource.bind`, `AsyncLocalStorage.bind` and `snapshot`, and the
 * callbacks of pools and drivers. Hooks cannot tell: with AsyncContextFrame they run ahead of the
 * switch, and none tells that the outer context is back.
 *
 * @returns stops it.
 */
export function observeScopes(changed: () => void): () => void {
  let observing = true

  function enter(this: Fn, thisArg: unknown, args: unknown[]): unknown {
    changed()
    return Reflect.apply(this, thisArg, args)
  }

  const restore = wrapMethod(AsyncResource.prototype, 'runInAsyncScope', (original) => {
    function runInAsyncScope(this: AsyncResource, fn: Fn, thisArg?: unknown, ...args: unknown[]) {
      if (!observing) return Reflect.apply(original, this, [fn, thisArg, ...args])
      try {
        return Reflect.apply(original, this, [enter, fn, thisArg, args])
      } finally {
        changed()
      }
    }
    return runInAsyncScope as typeof original
  })
  return () => {
    observing = false
    restore()
  }
}

type Fn = (...args: unknown[]) => unknown
