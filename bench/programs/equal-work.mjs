/**
 * Two functions burn by turns: one compiled once, one compiled anew for each turn. Arguments:
 * milliseconds, where profiles go. Answers how long each has burnt.
 */
import { startProfiler } from '../spanprof.mjs'
import { answer } from './answer.mjs'
import { freshWork, steadyWork } from './work.mjs'

const [durationMillis, outputDir] = process.argv.slice(2)

await answer(async () => {
  const profiler = await startProfiler({ appName: 'bench', outputDir })
  const end = performance.now() + Number(durationMillis)
  const burntMillis = { steady: 0, fresh: 0 }
  while (performance.now() < end) {
    // Of equal length in pairs; of no length that V8's sampling period could fall in step with.
    const turnMillis = 10 + 20 * Math.random()
    burntMillis.steady += steadyTurn(turnMillis)
    burntMillis.fresh += freshTurn(turnMillis)
  }
  await profiler.stop()
  return burntMillis
})

// Each has a function of its own around it, as V8 counts what it compiles for a call to the caller.
function steadyTurn(turnMillis) {
  const startMillis = performance.now()
  steadyWork(startMillis + turnMillis)
  return performance.now() - startMillis
}

function freshTurn(turnMillis) {
  const startMillis = performance.now()
  freshWork()(startMillis + turnMillis)
  return performance.now() - startMillis
}
