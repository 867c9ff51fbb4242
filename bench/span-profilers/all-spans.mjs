import { start as startSpanprof } from '../profilers/spanprof.mjs'
import { SpanProfilesProcessor } from '../spanprof-otel.mjs'

export async function start(options) {
  const { stop } = await startSpanprof(options)
  const spanProcessor = new SpanProfilesProcessor({
    spanIdLabelScope: 'all-spans',
    spanNameLabelScope: 'all-spans',
  })
  return { spanProcessors: [spanProcessor], stop }
}
