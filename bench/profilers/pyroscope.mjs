/**
 * @pyroscope/nodejs with its own label scopes, and CPU time as spanprof collects it. Its heap profiler
 * is left out, as none of the others has one.
 */
export async function start({ samplingIntervalMicros, flushIntervalMs, serverAddress }) {
  const { default: pyroscope } = await import('@pyroscope/nodejs')
  pyroscope.init({
    appName: 'bench',
    serverAddress,
    flushIntervalMs,
    wall: { samplingIntervalMicros, samplingDurationMs: flushIntervalMs, collectCpuTime: true },
  })
  pyroscope.startWallProfiling()
  const withLabels = (labels, fn) => {
    let returned
    pyroscope.wrapWithLabels(labels, () => {
      returned = fn()
    })
    return returned
  }
  return { withLabels, stop: () => pyroscope.stopWallProfiling() }
}
