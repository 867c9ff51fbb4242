// A small traced server on the OpenTelemetry packages of a folder, with a context manager of choice.
//   node otel-line.mjs <output directory> <folder of the packages> <way> <context manager>
import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { cpuBurner } from './burn.mjs'
import { startTracing, writeFacts } from './tracing.mjs'

const [outputDir, folder, way, contextManagerName] = process.argv.slice(2)
const require = createRequire(join(folder, 'package.json'))
const { context, ROOT_CONTEXT, trace } = require('@opentelemetry/api')

const profiler =
  way === 'none'
    ? undefined
    : await import('spanprof').then(({ startProfiler }) =>
        startProfiler({ outputDir, samplingIntervalMicros: 1000, appName: 'line' }),
      )

/** As small as the interface allows, keeping a box rather than the context itself. */
class OwnContextManager {
  #storage = new AsyncLocalStorage()
  active() {
    return this.#storage.getStore()?.inside ?? ROOT_CONTEXT
  }
  with(inside, fn, thisArg, ...args) {
    return this.#storage.run({ inside }, () => fn.call(thisArg, ...args))
  }
  bind(inside, target) {
    if (typeof target !== 'function') return target
    const manager = this
    return function (...args) {
      return manager.with(inside, target, this, ...args)
    }
  }
  enable() {
    return this
  }
  disable() {
    this.#storage.disable()
    return this
  }
}

/** Its `bind` does without its `with`. */
class OwnBindContextManager extends OwnContextManager {
  #storage = new AsyncLocalStorage()
  active() {
    return this.#storage.getStore() ?? ROOT_CONTEXT
  }
  with(inside, fn, thisArg, ...args) {
    return this.#storage.run(inside, () => fn.call(thisArg, ...args))
  }
  bind(inside, target) {
    const storage = this.#storage
    return typeof target !== 'function'
      ? target
      : (...args) => storage.run(inside, () => target(...args))
  }
}

const contextManagers = {
  default: () => undefined,
  AsyncLocalStorageContextManager: () => managerOfPackage('AsyncLocalStorageContextManager'),
  AsyncHooksContextManager: () => managerOfPackage('AsyncHooksContextManager'),
  own: () => new OwnContextManager(),
  'own, of two ways in': () => new OwnBindContextManager(),
}
function managerOfPackage(name) {
  const Manager = require('@opentelemetry/context-async-hooks')[name]
  return new Manager().enable()
}

const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http')
const { finishedSpans } = await startTracing({
  way,
  require,
  instrumentations: [new HttpInstrumentation()],
  contextManager: contextManagers[contextManagerName](),
})
const http = require('node:http')
const tracer = trace.getTracer('line')
const burn = (name) => cpuBurner(name)(40)

const server = http.createServer(async (_request, response) => {
  const server = trace.getActiveSpan()
  burn('handler')
  await sleep(1)
  burn('afterWait')
  await tracer.startActiveSpan('child', async (span) => {
    burn('child')
    await new Promise((resolve) => setImmediate(resolve))
    burn('childAfterWait')
    span.end()
  })
  const inside = context.active()
  process.nextTick(
    context.bind(ROOT_CONTEXT, () => {
      burn('bare')
      context.bind(inside, () => burn('bound'))()
      server.updateName('GET /line')
      response.end('ok')
    }),
  )
})
await once(server.listen(0, '127.0.0.1'), 'listening')
const socket = connect(server.address().port, '127.0.0.1')
socket.write(
  'GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n' +
    'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n',
)
socket.resume()
await once(socket, 'close')
server.close()
tracer.startActiveSpan('alone', (span) => {
  burn('alone')
  tracer.startActiveSpan('inner', (inner) => {
    burn('inner')
    inner.end()
  })
  burn('aloneAgain')
  span.end()
})
burn('afterAll')
await profiler?.stop()
const apiVersion = globalThis[Symbol.for('opentelemetry.js.api.1')].version
writeFacts(outputDir, { spans: finishedSpans(), apiVersion })
