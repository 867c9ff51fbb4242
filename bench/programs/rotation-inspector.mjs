/** Arguments: how many rotations, milliseconds between two. */
import { Session } from 'node:inspector/promises'
import { forMillis, typescriptChecker } from '../typescript-checker.mjs'
import { answer } from './answer.mjs'
import { WARM_UP_MILLIS } from './warm-up.mjs'

const [rotations, windowMillis] = process.argv.slice(2).map(Number)

await answer(async () => {
  const checkWhile = typescriptChecker()
  await checkWhile(forMillis(WARM_UP_MILLIS))
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: 10_000 })
  const startMillis = performance.now()
  await session.post('Profiler.start')
  const startedMillis = performance.now()
  const pausesMillis = []
  while (pausesMillis.length < rotations) {
    await checkWhile(forMillis(windowMillis))
    pausesMillis.push(await rotate(session))
  }
  return {
    pausesMillis,
    elapsedMillis: performance.now() - startedMillis,
    firstStartMillis: startedMillis - startMillis,
  }
})

/** The session is that of this very thread, which waits for its answers. */
async function rotate(session) {
  const startMillis = performance.now()
  await session.post('Profiler.stop')
  await session.post('Profiler.start')
  return performance.now() - startMillis
}
