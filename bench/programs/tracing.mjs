import { trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  NodeTracerProvider,
} from '@opentelemetry/sdk-trace-node'

export const contextManager = new AsyncLocalStorageContextManager()

/** Traces everything, and drops it where it would be sent. @returns a tracer. */
export function startTracing(spanProcessors) {
  const provider = new NodeTracerProvider({
    sampler: new AlwaysOnSampler(),
    spanProcessors: [...spanProcessors, new BatchSpanProcessor(new DroppingExporter())],
  })
  provider.register({ contextManager })
  return trace.getTracer('bench')
}

class DroppingExporter {
  export(_spans, done) {
    done({ code: 0 })
  }

  async forceFlush() {}

  async shutdown() {}
}
