import type { SamplerThread } from './thread/sampler-thread.js'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/**
 * Brings the last window to its sinks before a signal ends the process, and lets the signal end it as
 * it would have. Where the app has a handler of its own, the app decides and nothing is done here.
 *
 * @returns stops it.
 */
export function flushOnSignals(thread: SamplerThread): () => void {
  const onSignal = (signal: NodeJS.Signals) => {
    if (process.listenerCount(signal) > 1) return
    stop()
    thread.flushAndLeave()
    process.kill(process.pid, signal)
  }
  const stop = () => {
    for (const signal of SIGNALS) process.off(signal, onSignal)
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
  return stop
}
