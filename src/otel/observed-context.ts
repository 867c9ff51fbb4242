import type { ContextManager } from '@opentelemetry/api'
import type { LabelSet } from '../labels/agent.js'
import { wrapMethod } from '../labels/wrapped-method.js'
import { runsByEnterWith, type Storage } from './context-storage.js'

/** Receives the changes of context within an execution. Its methods must not throw. */
export interface ContextObserver {
  /** A function is about to run in the context that `store` stands for. @returns what `leave` needs. */
  enter(storage: Storage | undefined, store: unknown): LabelSet | undefined
  /** That function has ended. */
  leave(outside: LabelSet | undefined): void
  /** Another context is in force until the execution ends or changes it again. */
  switched(): void
}

/**
 * Wraps what puts a context in force within an execution. Preferably the storages that hold it: the
 * manager, a bound store of a diagnostics channel and other libraries all change it there.
 */
export class ObservedContext {
  readonly #observer: ContextObserver
  readonly #restores: (() => void)[] = []
  #observing = true
  #refusals = 0

  constructor(observer: ContextObserver) {
    this.#observer = observer
  }

  /** Methods that could not be wrapped, as their object is frozen. */
  get refusals(): number {
    return this.#refusals
  }

  observeStorage(storage: Storage): void {
    this.#wrap(storage, 'enterWith', (original) => this.#switching(original))
    this.#wrap(storage, 'disable', (original) => this.#switching(original))
    if (runsByEnterWith(storage)) return
    this.#wrap(storage, 'run', (original) => this.#scope(original, storage))
    this.#wrap(storage, 'exit', (original) => this.#exitScope(original, storage))
  }

  /** For a manager without a storage, such as AsyncHooksContextManager of the SDK 1.x and 2.x. */
  observeManager(manager: ContextManager & Partial<Entering>): void {
    this.#wrap(manager, 'with', (original) => this.#scope(original, undefined))
    for (const name of ENTERING) {
      if (typeof manager[name] !== 'function') continue
      this.#wrap(manager as Entering, name, (original) => this.#switching(original))
    }
  }

  /** Removes the wrappers. Those that other libraries have wrapped do nothing from now on. */
  end(): void {
    this.#observing = false
    for (const restore of this.#restores) restore()
  }

  #wrap<T extends object, Name extends keyof T>(
    object: T,
    name: Name,
    wrap: (original: Fn) => Fn,
  ): void {
    const restore = wrapMethod(object, name, (original) => wrap(original as Fn) as T[Name])
    if (restore === undefined) this.#refusals++
    else this.#restores.push(restore)
  }

  /** Of a method of at most one argument. Runs in every request many times. */
  #switching(original: Fn): Fn {
    const observed = this
    const observer = this.#observer
    return function (this: unknown, store: unknown) {
      const result = original.call(this, store)
      if (observed.#observing) observer.switched()
      return result
    }
  }

  /**
   * Of a method whose first argument stands for the context of the second one, a function. Runs in
   * every request many times, too: rest and spread would cost more than all else here.
   */
  #scope(original: Fn, storage: Storage | undefined): Fn {
    const observed = this
    const observer = this.#observer
    return function (this: unknown, store: unknown, fn: unknown, arg: unknown, arg2: unknown) {
      // biome-ignore lint/complexity/noArguments: see above.
      const args = arguments
      if (!observed.#observing) return Reflect.apply(original, this, args)
      const outside = observer.enter(storage, store)
      try {
        if (args.length === 2) return original.call(this, store, fn)
        if (args.length === 3) return original.call(this, store, fn, arg)
        if (args.length === 4) return original.call(this, store, fn, arg, arg2)
        return Reflect.apply(original, this, args)
      } finally {
        observer.leave(outside)
      }
    }
  }

  #exitScope(original: Fn, storage: Storage): Fn {
    const observed = this
    const observer = this.#observer
    return function (this: unknown, ...args) {
      if (!observed.#observing) return Reflect.apply(original, this, args)
      const outside = observer.enter(storage, undefined)
      try {
        return Reflect.apply(original, this, args)
      } finally {
        observer.leave(outside)
      }
    }
  }
}

type Fn = (...args: unknown[]) => unknown

/** With these AsyncHooksContextManager notes that its own hooks have run, before or after ours. */
const ENTERING = ['_enterContext', '_exitContext'] as const
type Entering = Record<(typeof ENTERING)[number], Fn>
