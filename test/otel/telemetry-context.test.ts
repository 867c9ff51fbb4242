import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import { type Context, type ContextManager, context, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { sharedAgent } from '../../src/labels/agent.ts'
import { labelling, labelsInForce } from './labels-in-force.ts'

beforeAll(() => sharedAgent().start())
afterEach(() => context.disable())
afterAll(() => sharedAgent().stop())

const tracer = labelling().getTracer('test')
const spanNameInForce = () => labelsInForce().span_name

/** A span's context, with nothing in force yet. */
function contextOf(name: string): Context {
  return trace.setSpan(ROOT_CONTEXT, tracer.startSpan(name, { root: true }))
}

/** Keeps its context where nobody sees it. */
class PrivateContextManager implements ContextManager {
  readonly #storage: AsyncLocalStorage<{ inside: Context } | undefined>

  constructor(storage: AsyncLocalStorage<{ inside: Context } | undefined>) {
    this.#storage = storage
  }
  active() {
    return this.#storage.getStore()?.inside ?? ROOT_CONTEXT
  }
  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    inside: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#storage.run({ inside }, () => fn.apply(thisArg, args))
  }
  bind<T>(inside: Context, target: T): T {
    const storage = this.#storage
    if (typeof target !== 'function') return target
    return ((...args: unknown[]) => storage.run({ inside }, () => target(...args))) as T
  }
  enable = () => this
  disable = () => this
}

describe.each(['of the SDK', 'that keeps it private'])('a context manager %s', (kind) => {
  const isPrivate = kind === 'that keeps it private'

  function register() {
    const storage = new AsyncLocalStorage<never>()
    const manager = isPrivate
      ? new PrivateContextManager(storage)
      : new AsyncLocalStorageContextManager()
    if (!isPrivate) Object.assign(manager, { _asyncLocalStorage: storage })
    context.setGlobalContextManager(manager)
    const storeOf = (inside: Context) => (isPrivate ? { inside } : inside) as never
    return { storage, storeOf }
  }

  it('has its labels in force where its storage is entered by others', () => {
    const { storage, storeOf } = register()
    const [a, b] = [storeOf(contextOf('a')), storeOf(contextOf('b'))]
    expect(spanNameInForce()).toBe(undefined)
    storage.run(a, () => {
      expect(spanNameInForce()).toBe('a')
      storage.run(b, () => expect(spanNameInForce()).toBe('b'))
      expect(spanNameInForce()).toBe('a')
      storage.exit(() => expect(spanNameInForce()).toBe(undefined))
      expect(spanNameInForce()).toBe('a')
      storage.enterWith(b)
      expect(spanNameInForce()).toBe('b')
    })
    expect(spanNameInForce()).toBe(undefined)
  })

  it('has them in force in a tracing channel that its storage is bound to', async () => {
    const { storage, storeOf } = register()
    const channel = tracingChannel('spanprof:test')
    channel.start.bindStore(storage as never, (data) => (data as { store: object }).store as never)
    const data = (name: string) => ({ store: storeOf(contextOf(name)) as object })
    channel.traceSync(() => expect(spanNameInForce()).toBe('sync'), data('sync'))
    expect(spanNameInForce()).toBe(undefined)
    const traced = channel.tracePromise(async () => {
      expect(spanNameInForce()).toBe('promise')
      await null
      expect(spanNameInForce()).toBe('promise')
    }, data('promise'))
    expect(spanNameInForce()).toBe(undefined)
    await traced
    channel.traceCallback(
      (done: () => void) => {
        expect(spanNameInForce()).toBe('callback')
        done()
      },
      -1,
      data('callback'),
      undefined,
      () => {},
    )
    expect(spanNameInForce()).toBe(undefined)
    channel.start.unbindStore(storage as never)
  })

  it('has them in force in the scope of an AsyncResource, and the outer ones after it', () => {
    register()
    const [a, b] = [contextOf('a'), contextOf('b')]
    const resource = context.with(a, () => new AsyncResource('test'))
    context.with(b, () => {
      expect(spanNameInForce()).toBe('b')
      resource.runInAsyncScope(() => expect(spanNameInForce()).toBe('a'))
      expect(spanNameInForce()).toBe('b')
    })
  })

  it('labels nothing rather than with the span before, if it cannot be observed', () => {
    const { storage, storeOf } = register()
    // As if frozen; AsyncLocalStorage itself does not work frozen before Node.js 24.
    const { enterWith } = storage
    Object.defineProperty(storage, 'enterWith', { value: enterWith, configurable: false })
    const { hooksRefused } = sharedAgent().counters()
    storage.run(storeOf(contextOf('a')), () => expect(labelsInForce()).toEqual({}))
    expect(sharedAgent().counters().hooksRefused).toBeGreaterThan(hooksRefused)
  })
})
