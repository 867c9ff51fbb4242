import { startProfiler, withLabels } from '../spanprof.mjs'

/**
 * Every profiler here is started with `{ samplingIntervalMicros, flushIntervalMs, outputDir,
 * serverAddress }`, brings its profiles to the directory or the server, and gives back `withLabels`,
 * which returns what its function returns, and `stop`.
 */
export async function start({ samplingIntervalMicros, flushIntervalMs, outputDir }) {
  const profiler = await startProfiler({
    appName: 'bench',
    samplingIntervalMicros,
    flushIntervalMs,
    outputDir,
  })
  return { withLabels, stop: () => profiler.stop() }
}
