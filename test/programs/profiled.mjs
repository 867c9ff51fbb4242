// Profiles the `run` of a module: profiled.mjs <output directory> <module> [options]
import { pathToFileURL } from 'node:url'
import { startProfiler } from 'spanprof'

const [outputDir, file, options = '{}'] = process.argv.slice(2)
const profiler = await startProfiler({
  outputDir,
  samplingIntervalMicros: 1000,
  ...JSON.parse(options),
})
const { run } = await import(pathToFileURL(file))
await run()
await profiler.stop()
console.log(JSON.stringify(profiler.stats()))
