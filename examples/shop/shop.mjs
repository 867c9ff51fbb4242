import { once } from 'node:events'
import { createRequire } from 'node:module'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { trace } from '@opentelemetry/api'
import { withLabels } from 'spanprof'
import { routes, sizes } from './plan.mjs'
import { Stopwatch } from './stopwatch.mjs'

const require = createRequire(import.meta.url)

/** A small web shop on Express: `POST /<tenant>/<route>` with a JSON body, answered in JSON. */
export class Shop {
  /**
   * What it was told and what it measured itself, request by request:
   * `{ traceId, route, tenant, size, told, measured }`, the last two in milliseconds by function.
   */
  requests = []
  #work
  #server

  /** @param work what the functions run, by name */
  constructor(work) {
    this.#work = work
  }

  /** @returns the port, a free one of the loopback interface. */
  async open() {
    this.#server = this.#app().listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return this.#server.address().port
  }

  async close() {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  #app() {
    // Loaded when the tracing has started, and by `require`, which is where OpenTelemetry's
    // instrumentations join in without a loader of their own.
    const express = require('express')
    const app = express().use(express.json())
    for (const route of Object.keys(routes)) {
      app.post(`/:tenant/${route}`, (request, response) => this.#answer(route, request, response))
    }
    return app
  }

  async #answer(route, { params: { tenant }, body: { number, size } }, response) {
    const pieces = piecesOf(routes[route][size], sizes[size])
    const stopwatch = new Stopwatch()
    this.requests.push({
      traceId: trace.getActiveSpan()?.spanContext().traceId,
      route: `POST /:tenant/${route}`,
      tenant,
      size,
      told: toldMillis(pieces),
      measured: stopwatch.millis,
    })
    // A label of the shop's own, beside those of the span.
    const done = await withLabels({ tenant }, () => this.#run(pieces, number, stopwatch))
    response.json({ number, done })
  }

  async #run(pieces, number, stopwatch) {
    let done = 0
    for (const { name, millis } of pieces) {
      const { run, input } = this.#work[name]
      await loadFromDatabase(number)
      done += stopwatch.time(name, () => repeat(run, input, millis))
      await setImmediate() // Other requests come in between; their samples must not get these labels.
    }
    return done
  }
}

/** Nine pieces of `priceCart` and one of `signInvoice`, say. */
function piecesOf(percentages, { pieces, pieceMillis }) {
  return Object.entries(percentages).flatMap(([name, percent]) =>
    Array.from({ length: (pieces * percent) / 100 }, () => ({ name, millis: pieceMillis })),
  )
}

function toldMillis(pieces) {
  const told = {}
  for (const { name, millis } of pieces) told[name] = (told[name] ?? 0) + millis
  return told
}

/**
 * As often as fits into `millis`: whatever the work and the machine, it takes the same time.
 *
 * @returns how often
 */
function repeat(run, input, millis) {
  const end = performance.now() + millis
  let times = 0
  do {
    run(input)
    times++
  } while (performance.now() < end)
  return times
}

/** A query somewhere else, during which this thread has time for other requests. */
async function loadFromDatabase(number) {
  await setTimeout(1 + (number % 4))
}
