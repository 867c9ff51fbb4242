import { start as startSpanprof } from '../profilers/spanprof.mjs'

/** spanprof that has never heard of OpenTelemetry. */
export async function start(options) {
  const { stop } = await startSpanprof(options)
  return { spanProcessors: [], stop }
}
