import { AsyncLocalStorage } from 'node:async_hooks'
import type { ContextManager } from '@opentelemetry/api'
import type { ContextFrame } from '../labels/agent.js'
import { ownerOf, wrapMethod } from '../labels/wrapped-method.js'

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
  const restores = classesReadBy(manager).map((readable) =>
    wrapMethod(readable, 'getStore', (original) => {
      return function (this: Storage, ...args: []) {
        read.add(this)
        return original.apply(this, args)
      }
    }),
  )
  try {
    manager.active()
  } catch {
    // A manager of the app's own that fails. It is observed without a storage.
  } finally {
    for (const restore of restores) restore?.()
  }
  return [...read]
}

/**
 * Where `getStore` can be found: in Node's class, and in subclasses of storages that the manager has as
 * properties. Such a subclass may call a `getStore` that it took from Node's class when it was loaded.
 */
function classesReadBy(manager: ContextManager): Storage[] {
  const owners = Object.values(manager)
    .filter((value): value is Storage => value instanceof AsyncLocalStorage)
    .flatMap((storage) => ownerOf(storage, 'getStore') ?? [])
  return [...new Set([AsyncLocalStorage.prototype as Storage, ...owners])]
}

/**
 * What `read` returns where `frame` is in force. Frames exist only where `enterWith` changes nothing
 * but the current one.
 */
export function readInFrame<T>(
  storages: readonly Storage[],
  frame: ContextFrame | undefined,
  read: () => T,
): T {
  const outside = storages.map(storeOf)
  for (const storage of storages) enterWith.call(storage, frame?.get(storage))
  try {
    return read()
  } finally {
    storages.forEach((storage, i) => {
      enterWith.call(storage, outside[i])
    })
  }
}

/** What `read` returns where `storage` was entered with `store`, the way that its own class does it. */
export function readWithStore<T>(storage: Storage, store: unknown, read: () => T): T {
  const outside = storeOf(storage)
  storage.enterWith(store)
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
