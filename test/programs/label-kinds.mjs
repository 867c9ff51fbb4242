// Marks the time and the label that is expected there, in every kind of continuation, and asks the
// agent afterwards what it saw. Prints each disagreement as a line of JSON.
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import { execFile } from 'node:child_process'
import { pbkdf2 } from 'node:crypto'
import { lookup } from 'node:dns'
import { EventEmitter, EventEmitterAsyncResource } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import { pipeline, Readable, Transform } from 'node:stream'
import { setInterval as intervals, setTimeout as sleep } from 'node:timers/promises'
import { MessageChannel, Worker } from 'node:worker_threads'
import { gzip } from 'node:zlib'
import { setLabels, withLabels } from 'spanprof'

withLabels({}, () => {}) // Makes the agent.
const agent = globalThis[Symbol.for('spanprof.agent.1')]
agent.start()
const keepAlive = setInterval(() => {}, 1000)

const marks = []
function mark(expected, where) {
  const [seconds, nanos] = process.hrtime()
  // In the middle of ten microseconds of work, as a sample would be.
  marks.push({ timeMicros: seconds * 1e6 + Math.floor(nanos / 1000) + 5, expected, where })
  const until = performance.now() + 0.01
  while (performance.now() < until);
}
const called = (register) => new Promise((resolve) => register(resolve))
const markThen = (expected, where, then) => () => {
  mark(expected, where)
  then()
}

mark(undefined, 'before any scope')

// Synchronous scopes.
withLabels({ l: 'a' }, () => {
  mark('a', 'a scope')
  withLabels({ l: 'b' }, () => mark('b', 'a nested scope'))
  mark('a', 'after a nested scope')
  try {
    withLabels({ l: 'c' }, () => {
      throw new Error('expected')
    })
  } catch {
    mark('a', 'after a scope that threw')
  }
})
mark(undefined, 'after all scopes')

// Asynchronous continuations, in two scopes at once.
async function continuations(l) {
  mark(l, 'an async function before its first await')
  await null
  mark(l, 'await of a value')
  await sleep(2)
  mark(l, 'await of a timer')
  await called((done) => setTimeout(markThen(l, 'setTimeout', done), 1))
  await called((done) => setImmediate(markThen(l, 'setImmediate', done)))
  await called((done) => process.nextTick(markThen(l, 'nextTick', done)))
  await called((done) => queueMicrotask(markThen(l, 'queueMicrotask', done)))
  await called((done) => {
    const timer = setInterval(() => {
      mark(l, 'setInterval')
      clearInterval(timer)
      done()
    }, 1)
  })
  for await (const _ of intervals(1)) {
    mark(l, 'timers/promises setInterval')
    break
  }
  await Promise.all([
    sleep(1).then(() => mark(l, 'then')),
    Promise.reject(new Error('expected')).catch(() => mark(l, 'catch')),
    sleep(1).finally(() => mark(l, 'finally')),
    Promise.resolve().then(async () => mark(l, 'an inner async function')),
  ])
  mark(l, 'Promise.all')
}
await Promise.all(['x', 'y'].map((l) => withLabels({ l }, () => continuations(l))))
mark(undefined, 'await of labelled work')

// Native callbacks.
async function nativeCallbacks(l) {
  await fs.promises.readFile(new URL(import.meta.url))
  mark(l, 'fs.promises')
  await called((done) => fs.stat('.', markThen(l, 'fs callback', done)))
  await called((done) => gzip('text', markThen(l, 'zlib callback', done)))
  await called((done) => pbkdf2('a', 'b', 9, 9, 'sha1', markThen(l, 'crypto callback', done)))
  await called((done) => lookup('localhost', markThen(l, 'dns callback', done)))
  await called((done) => execFile(process.execPath, ['-v'], markThen(l, 'execFile', done)))
  await called((done) => {
    const { port1, port2 } = new MessageChannel()
    port1.once('message', markThen(l, 'MessagePort', done))
    port2.postMessage(1)
  })
  await called((done) => {
    const source = 'require("node:worker_threads").parentPort.postMessage(1)'
    new Worker(source, { eval: true }).on('message', markThen(l, 'Worker message', done))
  })
}
await Promise.all(['x', 'y'].map((l) => withLabels({ l }, () => nativeCallbacks(l))))

// Streams and iterators.
async function streams(l) {
  for await (const _ of Readable.from([1, 2, 3])) mark(l, 'Readable')
  async function* generator() {
    yield 1
    mark(l, 'an async generator')
    await sleep(1)
    mark(l, 'an async generator after await')
    yield 2
  }
  for await (const _ of generator()) mark(l, 'for await')
  const transform = new Transform({
    transform(chunk, _encoding, done) {
      mark(l, 'Transform')
      done(null, chunk)
    },
  })
  await called((done) =>
    pipeline(
      fs.createReadStream(new URL(import.meta.url), { highWaterMark: 1024 }),
      transform,
      async (source) => {
        for await (const _ of source) mark(l, 'the end of a pipeline')
      },
      markThen(l, 'pipeline callback', done),
    ),
  )
  const writer = new WritableStream({ write: () => mark(l, 'WritableStream') }).getWriter()
  await writer.write(1)
}
await Promise.all(['x', 'y'].map((l) => withLabels({ l }, () => streams(l))))

// Labels that are set for the rest of a context, in two of them at once.
async function withLabelsSet(l) {
  await null
  setLabels({ l: 'early' })
  mark('early', 'after setLabels')
  setLabels({ l })
  mark(l, 'after another setLabels')
  withLabels({ l: 'inner' }, () => {
    mark('inner', 'a scope in labels that were set')
    setLabels({ l: 'set inside' })
    mark('set inside', 'after setLabels in a scope')
  })
  mark(l, 'after a scope in which labels were set')
  await continuations(l)
  await nativeCallbacks(l)
  await streams(l)
  setLabels({})
  mark(undefined, 'after setLabels to none')
  await null
  mark(undefined, 'await after setLabels to none')
}
await Promise.all(['set x', 'set y'].map((l) => withLabelsSet(l)))
mark(undefined, 'await of work that sets labels')

// Functions that carry a context, called in another one.
const storage = new AsyncLocalStorage()
const carriers = withLabels({ l: 'bound' }, () => {
  const resource = new AsyncResource('test')
  const emitter = new EventEmitterAsyncResource({ name: 'test' })
  emitter.on('event', (then) => then())
  const snapshot = AsyncLocalStorage.snapshot()
  return {
    'AsyncResource.bind': AsyncResource.bind((then) => then()),
    'AsyncResource.prototype.bind with this': resource.bind((then) => then(), {}),
    runInAsyncScope: (then) => resource.runInAsyncScope(then),
    'AsyncLocalStorage.bind': AsyncLocalStorage.bind((then) => then()),
    'AsyncLocalStorage.snapshot': (then) => snapshot(then),
    EventEmitterAsyncResource: (then) => emitter.emit('event', then),
  }
})
function carried(outer) {
  for (const [name, call] of Object.entries(carriers)) {
    call(() => mark('bound', name))
    mark(outer, `after ${name}`)
    call(() => {
      withLabels({ l: 'inner' }, () => mark('inner', `a scope in ${name}`))
      mark('bound', `after a scope in ${name}`)
    })
    mark(outer, `after ${name} with a scope`)
    try {
      call(() => {
        throw new Error('expected')
      })
    } catch {
      mark(outer, `after ${name} that threw`)
    }
  }
  storage.run(1, () => mark(outer, 'a store that is not ours'))
}
carried(undefined)
withLabels({ l: 'outer' }, () => carried('outer'))
await withLabels({ l: 'outer' }, async () => {
  await null
  carried('outer')
  await sleep(1)
  carried('outer')
})
const emitter = new EventEmitter().on('event', (l) => mark(l, 'a listener runs where it is called'))
withLabels({ l: 'emit' }, () => emitter.emit('event', 'emit'))

// A server and its clients, over kept-alive connections that many labels share.
const server = http.createServer((request, response) => {
  const l = request.headers['x-label']
  // What the events of its body and the next request of its connection see is up to Node.js.
  if (request.url === '/set') {
    setLabels({ l })
    mark(l, 'after setLabels in a request')
    sleep(1).then(() => {
      mark(l, 'a continuation after setLabels in a request')
      response.end('ok')
    })
    return
  }
  withLabels({ l }, async () => {
    mark(l, 'a request handler')
    await sleep(1)
    request.on('data', () => mark(l, 'request data'))
    const answer = () => response.end('ok'.repeat(9_999))
    request.on('end', markThen(l, 'request end', answer))
  })
  mark(undefined, 'after a request handler')
})
await called((done) => server.listen(0, '127.0.0.1', done))
const { port } = server.address()
const agentOfHttp = new http.Agent({ keepAlive: true, maxSockets: 2 })
async function requests(l) {
  const url = `http://127.0.0.1:${port}`
  for (let i = 0; i < 3; i++) {
    const headers = { 'x-label': `server ${l}` }
    const response = await fetch(url, { method: 'POST', body: 'body', headers })
    mark(l, 'fetch')
    await response.text()
    mark(l, 'fetch body')
    await called((done) => {
      const options = { method: 'POST', headers, agent: agentOfHttp }
      const request = http.request(url, options, (message) => {
        mark(l, 'http response')
        message.on('data', () => mark(l, 'http data'))
        message.on('end', markThen(l, 'http end', done))
      })
      request.end('body')
    })
    mark(l, 'after http')
  }
}
await Promise.all(['p', 'q', 'r', 's'].map((l) => withLabels({ l }, () => requests(l))))
async function requestsThatSet(l) {
  for (let i = 0; i < 3; i++) {
    await called((done) => {
      const headers = { 'x-label': `set ${l}` }
      const options = { method: 'POST', headers, agent: agentOfHttp }
      http
        .request(`http://127.0.0.1:${port}/set`, options, (message) => {
          message.on('end', done).resume()
        })
        .end('body')
    })
    mark(undefined, 'after a request that sets labels')
  }
}
await Promise.all(['p', 'q', 'r', 's'].map(requestsThatSet))
agentOfHttp.destroy()
server.close()
server.closeAllConnections()
clearInterval(keepAlive)
mark(undefined, 'the end')

marks.sort((a, b) => a.timeMicros - b.timeMicros)
const times = marks.map(({ timeMicros }) => timeMicros)
const { labelsOfSample, combinations, changedSets } = agent.labelsAt(times, times.at(-1), 0)
const sets = new Map(changedSets)
agent.stop()
const wrong = marks.flatMap(({ expected, where }, i) => {
  const seen = sets.get(combinations[labelsOfSample[i]]?.[0])?.[1]
  return seen === expected ? [] : [{ where, expected: String(expected), seen: String(seen) }]
})
const places = [...new Set(marks.map(({ where }) => where))]
fs.writeSync(1, JSON.stringify({ marks: marks.length, places, wrong }))
process.exit()
