/**
 * An Express server as many are: each request has a context of its own in an AsyncLocalStorage, asks
 * a database five times, builds JSON and sums it up; about 100 µs of CPU a request.
 *
 * Arguments: profiler, milliseconds between flushes, where profiles go as files, and as uploads. Its
 * first answer is its port; each question is answered with the CPU time and the requests so far.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import express from 'express'

const [profilerName, flushIntervalMs, outputDir, serverAddress] = process.argv.slice(2)

const QUERIES = 5
const SUMMED_CHARACTERS = 20_000

const requests = new AsyncLocalStorage()
let handled = 0

process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send({ result: { cpuMicros: user + system, handled } })
})

try {
  const { start } = await import(`../profilers/${profilerName}.mjs`)
  const { withLabels } = await start({
    samplingIntervalMicros: 10_000,
    flushIntervalMs: Number(flushIntervalMs),
    outputDir,
    serverAddress,
  })
  process.send({ result: { port: await listen(shop(withLabels)) } })
} catch (error) {
  process.send({ error: error.stack }, () => process.exit(1))
}

function shop(withLabels) {
  const app = express()
  app.use((request, _response, next) => {
    requests.run({ id: handled++, tenant: request.get('x-tenant') }, next)
  })
  app.use((request, _response, next) => {
    withLabels({ tenant: requests.getStore().tenant, route: request.path }, next)
  })
  app.get('/cart', async (_request, response) => {
    const rows = []
    for (let i = 0; i < QUERIES; i++) rows.push(await query(i))
    response.json({ rows, checksum: cartChecksum(JSON.stringify(rows)) })
  })
  return app
}

async function query(id) {
  const { tenant } = await answerOfDatabase()
  return {
    id,
    tenant,
    name: `item ${id}`,
    tags: ['new', 'sale'],
    price: { amount: id * 100, unit: 'eur' },
  }
}

function answerOfDatabase() {
  return new Promise((resolve) => setImmediate(() => resolve(requests.getStore())))
}

function cartChecksum(text) {
  let sum = 0
  for (let i = 0; i < SUMMED_CHARACTERS; i++) {
    sum = (sum * 31 + text.charCodeAt(i % text.length)) | 0
  }
  return sum
}

async function listen(app) {
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server.address().port
}
