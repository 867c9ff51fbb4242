import { DirectorySink } from '../export/directory-sink.js'
import type { PushSinkReport } from '../export/pyroscope/push-report.js'
import { PyroscopeSink } from '../export/pyroscope/pyroscope-sink.js'
import type { Sink } from '../export/sink.js'
import type { ContinuousConfig } from './protocol.js'

/** Where the profiles of a profiler go. */
export function sinksOf(
  { outputDir, server, cwd, sources: { shortenPaths } }: ContinuousConfig,
  report: PushSinkReport,
): Sink[] {
  return [
    ...(outputDir === undefined ? [] : [new DirectorySink(outputDir, report)]),
    ...(server === undefined ? [] : [new PyroscopeSink(server, { cwd, shortenPaths }, report)]),
  ]
}
