// Recursions of many depths, through JavaScript alone and through native functions, each begun by a
// timer under a label. Prints the profiler's stats.
//   node deep-stacks.mjs <output directory> <depth>...
import { startProfiler, withLabels } from 'spanprof'
import { cpuBurner } from './burn.mjs'

const [outputDir, ...depths] = process.argv.slice(2)
const burn = cpuBurner('burn')

const recursions = {
  plain: (depth) => (depth > 0 ? recursions.plain(depth - 1) : burn(50)) + 1,
  map: (depth) => (depth > 0 ? [depth].map((n) => recursions.map(n - 1)) : [burn(50)])[0],
  replace: (depth) =>
    depth > 0 ? 'a'.replace('a', () => recursions.replace(depth - 1)) : burn(50),
}

const profiler = await startProfiler({ outputDir, samplingIntervalMicros: 1000 })
for (const [kind, recursion] of Object.entries(recursions)) {
  for (const depth of depths) {
    await new Promise((resolve) => {
      setTimeout(function begin() {
        withLabels({ kind, depth }, () => recursion(Number(depth)))
        resolve()
      })
    })
  }
}
await profiler.stop()
console.log(JSON.stringify(profiler.stats()))
