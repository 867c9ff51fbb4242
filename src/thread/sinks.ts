import { DirectorySink } from '../export/directory-sink.js'
import type { PushSinkReport } from '../export/push-report.js'
import type { Sink } from '../export/sink.js'
import type { ContinuousConfig } from './protocol.js'

/** Where the profiles of a profiler go. */
export async function sinksOf(
  { outputDir, server, cwd, sources: { shortenPaths } }: ContinuousConfig,
  report: PushSinkReport,
): Promise<Sink[]> {
  const sinks: Sink[] = []
  if (outputDir !== undefined) sinks.push(new DirectorySink(outputDir, report))
  if (server !== undefined) {
    // Loaded where it is needed, as the client for HTTP takes time and memory.
    const { PyroscopeSink } = await import('../export/pyroscope-sink.js')
    sinks.push(new PyroscopeSink(server, { cwd, shortenPaths }, report))
  }
  return sinks
}
