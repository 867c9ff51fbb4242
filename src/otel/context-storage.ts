import { AsyncLocalStorage } from 'node:async_hooks'
import type { ContextManager } from '@opentelemetry/api'
import { wrapMethod } from '../labels/wrapped-method.js'

export type Storage = AsyncLocalStorage<unknown>

/** The class's own methods: a subclass may keep its stores elsewhere, and handles to them here. */
const { enterWith, exit, getStore, run } = AsyncLocalStorage.prototype

/** What a storage holds now, without anything that its subclass adds. */
export function storeOf(storage: Storage): unknown {
  return getStore.call(storage)
}

/**
 * The storages in which a context manager keeps its context, whatever holds them: a property, a
 * private field, a closure. They are those that it reads when it is asked for the active context.
 */
export function storagesOf(manager: ContextManager): Storage[] {
  const read = new Set<Storage>()
  const restore = wrapMethod(AsyncLocalStorage.prototype, 'getStore', (original) => {
    return function (this: Storage) {
      read.add(this)
      return original.call(this)
    }
  })
  try {
    manager.active()
  } catch {
    // A manager of the app's own that fails. It is observed without a storage.
  } finally {
    restore?.()
  }
  return [...read]
}

/**
 * What `read` returns where `storage` holds `store`, as it came from a frame. Frames exist only where
 * `enterWith` changes nothing but the current one.
 */
export function readWithStore<T>(storage: Storage, store: unknown, read: () => T): T {
  const outside = storeOf(storage)
  enterWith.call(storage, store)
  try {
    return read()
  } finally {
    enterWith.call(storage, outside)
  }
}

/**
 * Whether `run` and `exit` of a storage do nothing but call `enterWith` before and after the function,
 * as in newer Node.js. They need no wrapper then, and so leave no frame on the function's stack.
 */
export function runsByEnterWith(storage: Storage): boolean {
  return storage.run === run && storage.exit === exit && RUN_CALLS_ENTER_WITH
}

/** Found by trying: flags and back-ports make Node.js versions a poor guide. */
const RUN_CALLS_ENTER_WITH = countEnters() === 2

function countEnters(): number {
  const storage = new AsyncLocalStorage<number>()
  let enters = 0
  storage.enterWith = () => {
    enters++
  }
  storage.run(1, () => {})
  storage.disable()
  return enters
}
