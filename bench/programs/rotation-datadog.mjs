/** Arguments: how many rotations, milliseconds between two. */
import { encode, time } from '@datadog/pprof'
import { forMillis, typescriptChecker } from '../typescript-checker.mjs'
import { answer } from './answer.mjs'
import { costOf } from './cost.mjs'
import { startDatadog } from './start-datadog.mjs'
import { WARM_UP_MILLIS } from './warm-up.mjs'

const [rotations, windowMillis] = process.argv.slice(2).map(Number)

await answer(async () => {
  const checkWhile = typescriptChecker()
  await checkWhile(forMillis(WARM_UP_MILLIS))
  const startMillis = performance.now()
  startDatadog()
  const startedMillis = performance.now()
  const pausesMillis = []
  while (pausesMillis.length < rotations) {
    await checkWhile(forMillis(windowMillis))
    pausesMillis.push(await rotate())
  }
  return {
    pausesMillis,
    elapsedMillis: performance.now() - startedMillis,
    firstStartMillis: startedMillis - startMillis,
  }
})

/** @returns the pause: all of `stop`, and of `encode` what is not done in the thread pool. */
async function rotate() {
  const startMillis = performance.now()
  const profile = time.stop(true)
  const stopMillis = performance.now() - startMillis
  const { mainMillis } = await costOf(() => encode(profile))
  return stopMillis + mainMillis
}
