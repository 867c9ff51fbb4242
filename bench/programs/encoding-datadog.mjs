/** Arguments: milliseconds to profile, where profiles go. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encode, time } from '@datadog/pprof'
import { forMillis, typescriptChecker } from '../typescript-checker.mjs'
import { answer } from './answer.mjs'
import { costOf } from './cost.mjs'
import { settle } from './settle.mjs'
import { startDatadog } from './start-datadog.mjs'
import { WARM_UP_MILLIS } from './warm-up.mjs'

const [profiledMillis, outputDir] = process.argv.slice(2)

await answer(async () => {
  const checkWhile = typescriptChecker()
  await checkWhile(forMillis(WARM_UP_MILLIS))
  startDatadog()
  await checkWhile(forMillis(Number(profiledMillis)))
  await settle()
  let samples
  let bytes
  const cost = await costOf(async () => {
    const profile = time.stop(true)
    samples = profile.sample.reduce((sum, { value }) => sum + Number(value[0]), 0)
    bytes = await encode(profile)
    await writeFile(join(outputDir, 'datadog.pb.gz'), bytes)
  })
  return { ...cost, samples, bytes: bytes.length }
})
