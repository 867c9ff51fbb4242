// How spanprof joins a program under test. Its options are in the environment.

/**
 * @param way `zero code` if `spanprof/register` is on the command line, or `processor`
 * @returns span processors for the library under test, and `stop` for the end of the program
 */
export async function joinSpanprof(way) {
  if (way === 'zero code') return { spanProcessors: [], async stop() {} }
  const { startProfiler } = await import('spanprof')
  const { SpanProfilesProcessor } = await import('spanprof/otel')
  const profiler = await startProfiler({})
  return { spanProcessors: [new SpanProfilesProcessor()], stop: () => profiler.stop() }
}
