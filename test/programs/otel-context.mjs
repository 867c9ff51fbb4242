// Runs the checks of a context manager while it is observed, and prints how each ended.
//   node otel-context.mjs <output directory> <folder of the packages> <context manager>
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { startProfiler } from 'spanprof'
import { cpuBurner } from './burn.mjs'
import { ATTACH_CHECKS, CHECKS } from './context-manager-checks.mjs'
import { startTracing, writeFacts } from './tracing.mjs'

const [outputDir, folder, managerName] = process.argv.slice(2)
const require = createRequire(join(folder, 'package.json'))
const { context, createContextKey, ROOT_CONTEXT, trace } = require('@opentelemetry/api')
const manager = new (require('@opentelemetry/context-async-hooks')[managerName])().enable()
const canAttach = typeof context.attach === 'function'
const checks = { ...CHECKS, ...(canAttach && ATTACH_CHECKS) }

const allNames = (object) =>
  object === Object.prototype
    ? []
    : [...Reflect.ownKeys(object), ...allNames(Object.getPrototypeOf(object))]
const members = () => new Map(allNames(manager).map((name) => [name, manager[name]]))

const before = members()

async function run(a, b) {
  const failed = {}
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check({ context, a, b, root: ROOT_CONTEXT })
    } catch (error) {
      failed[name] = error.message
    }
  }
  return failed
}

const key = createContextKey('name')
const plain = ['a', 'b'].map((name) => ROOT_CONTEXT.setValue(key, name))

const profiler = await startProfiler({ outputDir, samplingIntervalMicros: 1000 })
const { provider, finishedSpans } = await startTracing({
  way: 'processor',
  require,
  contextManager: manager,
})
const tracer = provider.getTracer('context')
const ofSpans = ['a', 'b'].map((name) => trace.setSpan(ROOT_CONTEXT, tracer.startSpan(name)))
const failed = {
  'without a span': await run(...plain),
  'with spans': await run(...ofSpans),
  'of one kind and the other': await run(plain[0], ofSpans[1]),
}

// Samples follow too.
const burn = (name) => cpuBurner(name)(40)
context.with(ofSpans[0], () => {
  burn('with_a')
  context.with(ofSpans[1], () => burn('with_b'))
  burn('with_a_again')
})
burn('after_with')
context.bind(ofSpans[1], () => burn('bind_b'))()
burn('after_bind')
if (canAttach) {
  const outer = context.attach(ofSpans[0])
  burn('attach_a')
  const inner = context.attach(ofSpans[1])
  burn('attach_b')
  await null
  burn('attach_b_later')
  inner.dispose()
  burn('attach_a_again')
  outer.dispose()
  burn('disposed')
}
for (const each of ofSpans) trace.getSpan(each).end()

await profiler.stop()
failed['after the profiler has stopped'] = await run(...ofSpans)
const after = members()
const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
  (name) => typeof after.get(name) === 'function' && after.get(name) !== before.get(name),
)
writeFacts(outputDir, {
  spans: finishedSpans(),
  count: Object.keys(checks).length,
  canAttach,
  failed,
  changed: changed.map(String),
})
