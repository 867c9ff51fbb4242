/**
 * Arguments: how many rotations, how many with whole interruptions, at most how many milliseconds for
 * each of both, where profiles go.
 */
import inspector from 'node:inspector'
import { sharedAgent } from '../../dist/labels/agent.js'
import { startProfiler } from '../spanprof.mjs'
import { forMillis, typescriptChecker } from '../typescript-checker.mjs'
import { answer } from './answer.mjs'
import { interruptionWith, watchForInterruptions } from './interruptions.mjs'
import { timedCalls } from './timed-calls.mjs'
import { WARM_UP_MILLIS } from './warm-up.mjs'

const [rotations, wholeRotations, timeoutMillis, outputDir] = process.argv.slice(2)

const CHECK_MILLIS = 100
const WATCH_MILLIS = 100

await answer(async () => {
  // What spanprof's sampler thread has this thread call at each rotation, in this order.
  const begins = timedCalls(inspector.console, 'profile')
  const ends = timedCalls(inspector.console, 'profileEnd')
  const joins = timedCalls(sharedAgent(), 'labelsAt')
  const checkWhile = typescriptChecker()
  await checkWhile(forMillis(WARM_UP_MILLIS))
  const profiler = await startProfiler({ appName: 'bench', outputDir })
  const [firstStart] = begins.splice(0)

  const startedMillis = performance.now()
  const inTime = forMillis(Number(timeoutMillis))
  await checkWhile(() => ends.length < Number(rotations) && inTime())
  const checked = {
    pausesMillis: ends.map((end, i) => begins[i].millis + end.millis),
    elapsedMillis: performance.now() - startedMillis,
    firstStartMillis: firstStart.millis,
    // Its first window's pause contains the first start, which is no rotation.
    ownPauseMillis: profiler.stats().pauseMicros / 1000 - firstStart.millis,
  }

  const wholes = await wholeInterruptions(checkWhile, { begins, ends, joins })
  return { ...checked, ...wholes }
})

/**
 * Around each call the inspector works for itself: it parses a command, compiles, writes an answer.
 * Nothing in the thread can time that, but a loop that is interrupted by it. Such a loop takes turns
 * with the compiler here; rotations that fell into it as a whole count.
 */
async function wholeInterruptions(checkWhile, { begins, ends, joins }) {
  const from = ends.length
  const startedMillis = performance.now()
  const inTime = forMillis(Number(timeoutMillis))
  const gaps = []
  let wholeMillis = []
  while (wholeMillis.length < Number(wholeRotations) && inTime()) {
    await checkWhile(forMillis(CHECK_MILLIS))
    gaps.push(...watchForInterruptions(WATCH_MILLIS))
    wholeMillis = joins.slice(from).flatMap((join, i) => {
      const interruptions = [begins[from + i], ends[from + i], join].map((call) =>
        interruptionWith(call, gaps),
      )
      if (interruptions.includes(undefined)) return []
      // Two calls may have been made in one interruption.
      return [[...new Set(interruptions)].reduce((sum, { millis }) => sum + millis, 0)]
    })
  }
  const elapsedMillis = performance.now() - startedMillis
  return { wholeMillis, meanPeriodMillis: elapsedMillis / (ends.length - from) }
}
