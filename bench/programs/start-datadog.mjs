import { time } from '@datadog/pprof'

/** As dd-trace starts it, with CPU time and one context. */
export function startDatadog() {
  time.start({
    intervalMicros: 10_000,
    durationMillis: 60_000,
    withContexts: true,
    workaroundV8Bug: true,
    collectCpuTime: true,
  })
  time.setContext({})
}
