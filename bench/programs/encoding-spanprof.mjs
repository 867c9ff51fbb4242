/** Arguments: milliseconds to profile, where profiles go. */
import { startProfiler } from '../spanprof.mjs'
import { forMillis, typescriptChecker } from '../typescript-checker.mjs'
import { answer } from './answer.mjs'
import { costOf } from './cost.mjs'
import { settle } from './settle.mjs'
import { WARM_UP_MILLIS } from './warm-up.mjs'

const [profiledMillis, outputDir] = process.argv.slice(2)

/** Longer than this runs, so that all is in one profile. */
const NEVER_MILLIS = 86_400_000

await answer(async () => {
  const checkWhile = typescriptChecker()
  await checkWhile(forMillis(WARM_UP_MILLIS))
  const profiler = await startProfiler({
    appName: 'bench',
    outputDir,
    flushIntervalMs: NEVER_MILLIS,
  })
  await checkWhile(forMillis(Number(profiledMillis)))
  await settle()
  const cost = await costOf(() => profiler.flush())
  const { samples, bytesWritten, profilesWritten } = profiler.stats()
  if (profilesWritten !== 1) throw new Error(`${profilesWritten} profiles instead of one`)
  return { ...cost, samples, bytes: bytesWritten }
})
