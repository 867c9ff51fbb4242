import { createHook, executionAsyncResource } from 'node:async_hooks'
// By default import: not every runtime that can load this has promiseHooks.
import v8 from 'node:v8'
import { type ContextFrame, frameProperty } from './context-frame.js'
import { PROMISE } from './execution-stack.js'

/**
 * Receives the begin and the end of each execution: one run of an asynchronous continuation, be it a
 * promise's reaction, a timer, an immediate, a tick, a native callback or a function in the scope of an
 * `AsyncResource`. Executions nest. The methods must not throw.
 */
export interface ExecutionObserver {
  /** An execution begins, and its own stores are in force already. */
  readonly entered: (asyncId: number) => void
  /** An execution begins, and `frame` is about to come into force. */
  readonly entering: (asyncId: number, frame: ContextFrame | undefined) => void
  /**
   * An execution ends. Not called if an exception leaves a native callback that JavaScript has called,
   * nor preceded by a begin if the execution began before the hooks were set.
   */
  readonly left: (asyncId: number) => void
}

/**
 * Observes all executions of this thread. No frame of ours is on the stack while they run.
 *
 * @returns removes the hooks.
 */
export function observeExecutions({ entered, entering, left }: ExecutionObserver): () => void {
  const frameKey = frameProperty()
  if (frameKey === undefined) {
    // Stores belong to asynchronous resources, promises included, which have all hooks on anyway. A
    // promise hook of our own would run before Node's own whenever that is renewed.
    const hook = createHook({ before: entered, after: left }).enable()
    return () => hook.disable()
  }

  // An AsyncResource switches to its frame only after this hook.
  const before = (asyncId: number) => {
    const resource = executionAsyncResource() as { [key: symbol]: ContextFrame | undefined }
    if (frameKey in resource) entering(asyncId, resource[frameKey])
    else entered(asyncId)
  }
  if (hooksFollowPromises()) {
    const hook = createHook({ before, after: left }).enable()
    return () => hook.disable()
  }
  // Cheaper than an async hook that follows promises: no id, no object and no look-up for each.
  const hook = createHook({ before, after: left, ...WITHOUT_PROMISES }).enable()
  const stopPromises = v8.promiseHooks.createHook({
    before: () => entered(PROMISE),
    after: () => left(PROMISE),
  }) as () => void
  return () => {
    hook.disable()
    stopPromises()
  }
}

/** Known to Node 24.14 and later; the types are those of the oldest line that is supported. */
const WITHOUT_PROMISES = { trackPromises: false } as object

/** Whether `createHook` reports promises although it is told not to, as lines without the option do. */
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
