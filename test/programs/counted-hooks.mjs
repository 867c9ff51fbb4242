// Preloaded before spanprof/register: counts the async hooks and promise hooks that are set, which the
// app can read at `globalThis.hooksSet`.
import asyncHooks from 'node:async_hooks'
import { syncBuiltinESMExports } from 'node:module'
import v8 from 'node:v8'

globalThis.hooksSet = 0
const { createHook } = asyncHooks
asyncHooks.createHook = (callbacks) => {
  const hook = createHook(callbacks)
  const { enable } = hook
  hook.enable = () => {
    globalThis.hooksSet++
    return enable.call(hook)
  }
  return hook
}
const { promiseHooks } = v8
v8.promiseHooks = {
  ...promiseHooks,
  createHook(hooks) {
    globalThis.hooksSet++
    return promiseHooks.createHook(hooks)
  },
}
syncBuiltinESMExports()
