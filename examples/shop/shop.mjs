import { once } from 'node:events'
import { createServer } from 'node:http'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { withLabels } from 'spanprof'

/** A request's work comes in pieces, so that requests take turns in the middle of it. */
const PIECES = 3
const PIECE_MILLIS = 2

/**
 * A small web shop: `POST /<tenant>/<function>` with a JSON body, answered in JSON.
 *
 * @param work what the functions run, by name
 * @param stopwatch times it
 */
export class Shop {
  /** Requests answered so far. */
  answered = 0
  #work
  #stopwatch
  #server = createServer((request, response) => this.#route(request, response))

  constructor(work, stopwatch) {
    this.#work = work
    this.#stopwatch = stopwatch
  }

  /** @returns the port, a free one of the loopback interface. */
  async open() {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return this.#server.address().port
  }

  async close() {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  #route(request, response) {
    const [, tenant, name] = request.url.split('/')
    // All that spanprof needs to know: whatever this request leads to has these labels.
    withLabels({ tenant, route: `POST /${name}` }, () =>
      this.#answer(tenant, name, request, response),
    )
  }

  async #answer(tenant, name, request, response) {
    const { run, input } = this.#work[name]
    const order = await readJson(request)
    let done = 0
    for (let piece = 0; piece < PIECES; piece++) {
      await loadFromDatabase(order)
      done += this.#stopwatch.time(tenant, name, () => repeat(run, input))
      await setImmediate() // Other requests come in between; their samples must not get these labels.
    }
    const body = JSON.stringify({ order: order.number, done })
    response.writeHead(200, { 'content-type': 'application/json' }).end(body)
    this.answered++
  }
}

/**
 * As often as fits into a piece: whatever the work and the machine, it takes the same time.
 *
 * @returns how often
 */
function repeat(run, input) {
  const end = performance.now() + PIECE_MILLIS
  let times = 0
  do {
    run(input)
    times++
  } while (performance.now() < end)
  return times
}

async function readJson(request) {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return JSON.parse(text)
}

/** A query somewhere else, during which this thread has time for other requests. */
async function loadFromDatabase({ number }) {
  await setTimeout(1 + (number % 4))
}
