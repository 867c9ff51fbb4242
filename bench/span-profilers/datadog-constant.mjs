import { startWith } from '../profilers/datadog.mjs'

/** @datadog/pprof with one context for all: what it costs without following spans. */
export async function start(options) {
  const { time, stop } = await startWith(options)
  time.setContext({ span_id: 'all', trace_id: 'all' })
  return { spanProcessors: [], stop }
}
