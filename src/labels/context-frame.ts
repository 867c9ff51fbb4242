import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'

/**
 * All stores that are in force somewhere, by their storage. Newer Node.js keeps them in one immutable
 * map, which it hands from one execution to the next (`AsyncContextFrame`,
 * https://github.com/nodejs/node/blob/v24.0.0/lib/internal/async_context_frame.js).
 */
export interface ContextFrame {
  get(storage: object): unknown
}

/**
 * The property in which an `AsyncResource` holds the frame that its functions run in. Found by what it
 * holds: flags and back-ports make Node.js versions a poor guide.
 *
 * @returns `undefined` if this process keeps stores by asynchronous resource instead of in frames.
 */
export function frameProperty(): symbol | undefined {
  const storage = new AsyncLocalStorage<object>()
  const store = {}
  const resource = storage.run(store, () => new AsyncResource('spanprof'))
  storage.disable()
  return Object.getOwnPropertySymbols(resource).find((key) =>
    holdsFrame(resource[key as never], storage, store),
  )
}

function holdsFrame(value: Partial<ContextFrame> | undefined, storage: object, store: object) {
  return typeof value?.get === 'function' && value.get(storage) === store
}
