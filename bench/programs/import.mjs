/** Imports spanprof; answers how long that took and what it has started. */
import { setTimeout } from 'node:timers/promises'
import { answer } from './answer.mjs'

await answer(async () => {
  let workers = 0
  process.on('worker', () => workers++)
  const before = await activeResources()
  const startMillis = performance.now()
  // Not by way of ../spanprof.mjs, which would be one file more to load.
  await import('../../dist/index.js')
  const importMillis = performance.now() - startMillis
  const started = (await activeResources()).filter((name) => !before.includes(name))
  return { importMillis, started: workers === 0 ? started : [...started, 'Worker'] }
})

/** Once the files that the module loader has read are closed. */
async function activeResources() {
  await setTimeout(20)
  return process.getActiveResourcesInfo()
}
