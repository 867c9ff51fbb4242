import { trace } from '@opentelemetry/api'
import { contextVariable, HAS_CONTEXT_FRAMES, startWith } from '../profilers/datadog.mjs'

/** @datadog/pprof with the context of the active span, in the way that fits the version of Node.js. */
export async function start(options) {
  const { contextManager } = options
  const { time, stop } = await startWith(options, HAS_CONTEXT_FRAMES)
  if (HAS_CONTEXT_FRAMES) followByFrames(contextManager, time)
  else followByVariable(contextManager, time)
  return { spanProcessors: [], stop }
}

function followByFrames(contextManager, time) {
  const { with: withContext } = contextManager
  contextManager.with = function (context, fn, thisArg, ...args) {
    const labels = labelsOf(context)
    const run = () => withContext.call(this, context, fn, thisArg, ...args)
    return time.getContext() === labels ? run() : time.runWithContext(labels, run)
  }
}

function followByVariable(contextManager, time) {
  const variable = contextVariable(time, () => labelsOf(contextManager.active()))
  const { with: withContext } = contextManager
  contextManager.with = function (context, fn, thisArg, ...args) {
    const outer = variable.set(labelsOf(context))
    try {
      return withContext.call(this, context, fn, thisArg, ...args)
    } finally {
      variable.set(outer)
    }
  }
}

const LABELS = Symbol('labels')
const NO_LABELS = {}

/** The same object whenever a span is asked for its own: that it is in force already is then cheap to see. */
function labelsOf(context) {
  const span = trace.getSpan(context)
  if (span === undefined) return NO_LABELS
  if (span[LABELS] === undefined) {
    const { spanId, traceId } = span.spanContext()
    span[LABELS] = { span_id: spanId, trace_id: traceId }
  }
  return span[LABELS]
}
