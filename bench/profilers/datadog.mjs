import { AsyncLocalStorage, createHook } from 'node:async_hooks'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Where AsyncLocalStorage is built on AsyncContextFrame, this peer reads contexts out of it. */
export const HAS_CONTEXT_FRAMES = Number.parseInt(process.versions.node, 10) >= 24

/** @datadog/pprof with a context for each scope, in the way that fits the version of Node.js. */
export async function start(options) {
  const profiler = await startWith(options, HAS_CONTEXT_FRAMES)
  const { time } = profiler
  if (HAS_CONTEXT_FRAMES) return { withLabels: contextFrames(time), stop: profiler.stop }
  const { withLabels, unhook } = variableLabels(time)
  const stop = () => {
    unhook()
    return profiler.stop()
  }
  return { withLabels, stop }
}

/** It collects CPU time, as spanprof does, and encodes and writes each profile. */
export async function startWith(
  { samplingIntervalMicros, flushIntervalMs, outputDir },
  useCPED = false,
) {
  const { encode, time } = await import('@datadog/pprof')
  time.start({
    intervalMicros: samplingIntervalMicros,
    durationMillis: 60_000,
    withContexts: true,
    workaroundV8Bug: true,
    collectCpuTime: true,
    useCPED,
  })
  let files = 0
  const flush = async (restart) => {
    const bytes = await encode(time.stop(restart, labelsOf))
    await writeFile(join(outputDir, `datadog-${files++}.pb.gz`), bytes)
  }
  const timer = setInterval(() => void flush(true), flushIntervalMs)
  const stop = () => {
    clearInterval(timer)
    return flush(false)
  }
  return { time, stop }
}

function labelsOf({ context }) {
  return context?.context ?? {}
}

function contextFrames(time) {
  return (labels, fn) => {
    const outer = time.getContext()
    return isUnchanged(outer, labels) ? fn() : time.runWithContext({ ...outer, ...labels }, fn)
  }
}

/** The guard of dd-trace, whose heap had doubled without it (dd-trace-js #8638). */
function isUnchanged(outer, labels) {
  return outer !== undefined && Object.keys(labels).every((key) => outer[key] === labels[key])
}

function variableLabels(time) {
  const storage = new AsyncLocalStorage()
  const variable = contextVariable(time, () => storage.getStore())
  const withLabels = (labels, fn) => {
    const outer = storage.getStore()
    if (isUnchanged(outer, labels)) return fn()
    const inner = { ...outer, ...labels }
    const before = variable.set(inner)
    try {
      return storage.run(inner, fn)
    } finally {
      variable.set(before)
    }
  }
  return { withLabels, unhook: variable.unhook }
}

/**
 * One variable holds the context in force: it is set around scopes, and by a hook where a continuation
 * begins.
 *
 * @returns `set`, which returns what was in force before, and `unhook`.
 */
export function contextVariable(time, contextOfContinuation) {
  let current
  const set = (context) => {
    const before = current
    if (context !== before) {
      current = context
      time.setContext(context ?? {})
    }
    return before
  }
  const hook = createHook({ before: () => set(contextOfContinuation()) }).enable()
  return { set, unhook: () => hook.disable() }
}
