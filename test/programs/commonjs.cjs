// A CommonJS app:  node commonjs.cjs <output directory>
const spanprof = require('spanprof')

async function main() {
  const profiler = await spanprof.startProfiler({ outputDir: process.argv[2] })
  const end = Date.now() + 100
  while (Date.now() < end);
  await profiler.stop()
  console.log(Object.keys(spanprof).sort().join())
}
main()
