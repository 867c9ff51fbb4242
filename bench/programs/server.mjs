/**
 * An Express server as many are: each request has a context of its own in an AsyncLocalStorage, asks
 * a database five times, builds JSON and sums it up; about 100 µs of CPU a request.
 *
 * Arguments: profiler, milliseconds between flushes, where profiles go as files, and as uploads.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import express from 'express'
import { answerOfDatabase, cartChecksum, cartRow, QUERIES } from './cart.mjs'
import { serve } from './serve.mjs'

const [profilerName, flushIntervalMs, outputDir, serverAddress] = process.argv.slice(2)

const contexts = new AsyncLocalStorage()

await serve(async (requests) => {
  const { start } = await import(`../profilers/${profilerName}.mjs`)
  const { withLabels } = await start({
    samplingIntervalMicros: 10_000,
    flushIntervalMs: Number(flushIntervalMs),
    outputDir,
    serverAddress,
  })
  const app = express()
  app.use((request, _response, next) => {
    contexts.run({ id: requests.handled++, tenant: request.get('x-tenant') }, next)
  })
  app.use((request, _response, next) => {
    withLabels({ tenant: contexts.getStore().tenant, route: request.path }, next)
  })
  app.get('/cart', async (_request, response) => {
    const rows = []
    for (let i = 0; i < QUERIES; i++) rows.push(await query(i))
    response.json({ rows, checksum: cartChecksum(JSON.stringify(rows)) })
  })
  return app
})

async function query(id) {
  const { tenant } = await answerOfDatabase(() => contexts.getStore())
  return cartRow(id, tenant)
}
