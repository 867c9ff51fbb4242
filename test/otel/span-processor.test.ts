import { context, ROOT_CONTEXT, type Span, TraceFlags, trace } from '@opentelemetry/api'
import { suppressTracing } from '@opentelemetry/core'
import { type ReadableSpan, type Sampler, SamplingDecision } from '@opentelemetry/sdk-trace-node'
import { describe, expect, it } from 'vitest'
import { sharedAgent } from '../../src/labels/agent.ts'
import { type SpanProfilesOptions, SpanProfilesProcessor } from '../../src/otel/index.ts'
import { labelling, labelsInForce, recordLabels, unsampled } from './labels-in-force.ts'

const { NOT_RECORD, RECORD_AND_SAMPLED } = SamplingDecision

recordLabels()

const tracerWith = (options?: SpanProfilesOptions) => labelling(options).getTracer('test')
const id = (span: Span) => span.spanContext().spanId
const traceId = (span: Span) => span.spanContext().traceId
const profileId = (span: Span) => (span as Span & ReadableSpan).attributes['pyroscope.profile.id']

/** A root span with a child in it. */
function family<T>(
  options: SpanProfilesOptions | undefined,
  fn: (root: Span, child: Span) => T,
): T {
  const tracer = tracerWith(options)
  return tracer.startActiveSpan('root', (root) =>
    tracer.startActiveSpan('child', (child) => fn(root, child)),
  )
}

describe('labels after the end of a span', () => {
  const SOON = 4_000_000
  const LATER = 6_000_000

  /** The labels in force in the context of a span that has ended, by time after its end. */
  function afterEnd(options?: SpanProfilesOptions) {
    return tracerWith(options).startActiveSpan('job', (span) => {
      const labels = { ...labelsInForce() }
      span.end()
      return { labels, soon: labelsInForce(SOON), later: labelsInForce(LATER) }
    })
  }

  it('stay for the rest of the request, and then only as a name', () => {
    const { labels, soon, later } = afterEnd()
    expect(labels).toMatchObject({ span_id: expect.any(String), trace_id: expect.any(String) })
    expect(soon).toEqual(labels)
    expect(later).toEqual({ span_name: 'job' })
  })

  it('can stay whole', () => {
    const { labels, later } = afterEnd({ labelsAfterEnd: 'all' })
    expect(later).toEqual(labels)
  })

  it('can end altogether', () => {
    const { labels, soon, later } = afterEnd({ labelsAfterEnd: 'none' })
    expect(soon).toEqual(labels)
    expect(later).toEqual({})
  })

  it('are those of the root as long as the root runs', () => {
    family(undefined, (root, child) => {
      child.end()
      expect(labelsInForce(LATER)).toMatchObject({ span_id: id(root) })
    })
  })

  it('end with each span if they are each span’s own', () => {
    family({ spanIdLabelScope: 'all-spans' }, (_, child) => {
      child.end()
      expect(labelsInForce(LATER)).toEqual({ span_name: 'root' })
    })
  })

  it('still follow a rename of the root', () => {
    family({ spanIdLabelScope: 'all-spans' }, (root, child) => {
      child.end()
      expect(labelsInForce(LATER)).toEqual({ span_name: 'root' })
      root.updateName('GET /cart')
      expect(labelsInForce(LATER)).toEqual({ span_name: 'GET /cart' })
    })
  })
})

describe('labels in a span', () => {
  it('are the local root’s id and name, and the trace’s id', () => {
    family(undefined, (root) => {
      expect(labelsInForce()).toEqual({
        span_id: id(root),
        span_name: 'root',
        trace_id: traceId(root),
      })
    })
  })

  it('are each span’s own with all-spans', () => {
    const options = { spanIdLabelScope: 'all-spans', spanNameLabelScope: 'all-spans' } as const
    family(options, (_, child) => {
      expect(labelsInForce()).toEqual({
        span_id: id(child),
        span_name: 'child',
        trace_id: traceId(child),
      })
    })
  })

  it('mix the scopes', () => {
    family({ spanIdLabelScope: 'all-spans' }, (_, child) => {
      expect(labelsInForce()).toMatchObject({ span_id: id(child), span_name: 'root' })
    })
    family({ spanNameLabelScope: 'all-spans' }, (root) => {
      expect(labelsInForce()).toMatchObject({ span_id: id(root), span_name: 'child' })
    })
  })

  it('are left out with none', () => {
    family({ spanIdLabelScope: 'none' }, (root) => {
      expect(labelsInForce()).toEqual({ span_name: 'root', trace_id: traceId(root) })
    })
    family({ spanNameLabelScope: 'none' }, (root) => {
      expect(labelsInForce()).toEqual({ span_id: id(root), trace_id: traceId(root) })
    })
    family({ traceIdLabel: false }, (root) => {
      expect(labelsInForce()).toEqual({ span_id: id(root), span_name: 'root' })
    })
    const all = {
      spanIdLabelScope: 'none',
      spanNameLabelScope: 'none',
      traceIdLabel: false,
    } as const
    family(all, () => expect(labelsInForce()).toEqual({}))
  })

  it('have the id under its old name too, where that is asked for', () => {
    family({ profileIdLabel: true }, (root) => {
      expect(labelsInForce()).toMatchObject({ span_id: id(root), profile_id: id(root) })
    })
  })

  it('are those of the span around it again afterwards, and none outside', () => {
    const tracer = tracerWith({ spanIdLabelScope: 'all-spans' })
    tracer.startActiveSpan('root', (root) => {
      tracer.startActiveSpan('child', (child) => expect(labelsInForce().span_id).toBe(id(child)))
      expect(labelsInForce().span_id).toBe(id(root))
    })
    expect(labelsInForce()).toEqual({})
  })

  it('go on after the span has ended, as long as its context does', () => {
    tracerWith().startActiveSpan('root', (root) => {
      root.end()
      expect(labelsInForce().span_id).toBe(id(root))
    })
  })

  it('follow it across await', async () => {
    await tracerWith().startActiveSpan('root', async (root) => {
      await null
      expect(labelsInForce().span_id).toBe(id(root))
      await new Promise((resolve) => setTimeout(resolve, 1))
      expect(labelsInForce().span_id).toBe(id(root))
    })
  })
})

describe('a local root', () => {
  const remote = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), isRemote: true }

  it('is a span with a remote parent', () => {
    const parent = trace.setSpanContext(ROOT_CONTEXT, { ...remote, traceFlags: TraceFlags.SAMPLED })
    tracerWith().startActiveSpan('server', {}, parent, (span) => {
      expect(profileId(span)).toBe(id(span))
      expect(labelsInForce()).toEqual({
        span_id: id(span),
        span_name: 'server',
        trace_id: remote.traceId,
      })
    })
  })

  it('is a span that is told to be one, inside another', () => {
    const tracer = tracerWith()
    tracer.startActiveSpan('outer', () =>
      tracer.startActiveSpan('inner', { root: true }, (inner) => {
        expect(labelsInForce()).toMatchObject({ span_id: id(inner), span_name: 'inner' })
      }),
    )
  })

  it('is a span whose parent nobody has labelled', () => {
    const parent = trace.setSpanContext(ROOT_CONTEXT, {
      ...remote,
      isRemote: false,
      traceFlags: TraceFlags.SAMPLED,
    })
    tracerWith().startActiveSpan('span', {}, parent, (span) => {
      expect(labelsInForce().span_id).toBe(id(span))
    })
  })
})

describe('a span that a sampler drops within a trace', () => {
  it('leaves its work, and the spans in it, to the local root', () => {
    const decide = (name: string) => (name === 'dropped' ? NOT_RECORD : RECORD_AND_SAMPLED)
    const sampler: Sampler = {
      shouldSample: (_context, _traceId, name) => ({ decision: decide(name) }),
    }
    const tracer = labelling(undefined, sampler).getTracer('test')
    tracer.startActiveSpan('root', (root) =>
      tracer.startActiveSpan('dropped', () => {
        expect(labelsInForce().span_id).toBe(id(root))
        tracer.startActiveSpan('again', (again) => {
          expect(labelsInForce()).toMatchObject({ span_id: id(root), span_name: 'root' })
          expect(profileId(again)).toBeUndefined()
        })
      }),
    )
  })
})

describe('the attribute pyroscope.profile.id', () => {
  it('is on the local root only', () => {
    family(undefined, (root, child) => {
      expect(profileId(root)).toBe(id(root))
      expect(profileId(child)).toBeUndefined()
    })
  })

  it('is on every span with all-spans, and on none with none', () => {
    family({ spanIdLabelScope: 'all-spans' }, (root, child) => {
      expect([profileId(root), profileId(child)]).toEqual([id(root), id(child)])
    })
    family({ spanIdLabelScope: 'none' }, (root, child) => {
      expect([profileId(root), profileId(child)]).toEqual([undefined, undefined])
    })
  })

  it('is not on a span that is recorded and not sampled', () => {
    const sampler = { shouldSample: () => ({ decision: SamplingDecision.RECORD }) }
    const tracer = labelling(undefined, sampler).getTracer('test')
    tracer.startActiveSpan('recorded', (span) => {
      expect(profileId(span)).toBeUndefined()
      expect(labelsInForce()).toEqual({ span_name: 'recorded' })
    })
  })
})

describe('a span’s name', () => {
  it('is the last one it was given', () => {
    family(undefined, (root) => {
      root.updateName('GET /users/:id')
      expect(labelsInForce().span_name).toBe('GET /users/:id')
    })
  })

  it('stays when the span has ended', () => {
    family(undefined, (root) => {
      root.end()
      root.updateName('too late')
      expect(labelsInForce().span_name).toBe('root')
    })
  })

  it('is not changed by a descendant that carries it', () => {
    family(undefined, (_, child) => {
      child.updateName('renamed child')
      expect(labelsInForce().span_name).toBe('root')
    })
  })

  it('is cut and cleaned, whatever it is', () => {
    const name = `GET\n{}\0\ud800 ${'é'.repeat(50_000)}`
    tracerWith().startActiveSpan(name, () => {
      const { span_name = '' } = labelsInForce()
      expect(span_name.startsWith('GET {} \ufffd éé')).toBe(true)
      expect(Buffer.byteLength(span_name)).toBeLessThanOrEqual(2048)
    })
  })
})

describe('suppressed tracing', () => {
  it('leaves work to the span around it', () => {
    const tracer = tracerWith()
    tracer.startActiveSpan('root', (root) =>
      context.with(suppressTracing(context.active()), () => {
        expect(labelsInForce().span_id).toBe(id(root))
        tracer.startActiveSpan('suppressed', () => {
          expect(labelsInForce()).toMatchObject({ span_id: id(root), span_name: 'root' })
        })
      }),
    )
  })

  it('labels nothing outside a span', () => {
    context.with(suppressTracing(ROOT_CONTEXT), () =>
      tracerWith().startActiveSpan('suppressed', () => expect(labelsInForce()).toEqual({})),
    )
  })
})

describe('a processor', () => {
  it('never hears of a span that is not recorded', () => {
    const tracer = labelling(undefined, unsampled).getTracer('test')
    tracer.startActiveSpan('unsampled', () => expect(labelsInForce()).toEqual({}))
  })

  it('lets a span be that it cannot mark', () => {
    const processor = new SpanProfilesProcessor()
    const spanContext = { traceId: 'd'.repeat(32), spanId: 'c'.repeat(16), traceFlags: 1 }
    const frozen = Object.freeze(trace.wrapSpanContext(spanContext))
    const failures = () => sharedAgent().counters().spanFailures
    const before = failures()
    processor.onStart(frozen, ROOT_CONTEXT)
    processor.onStart(undefined as never, ROOT_CONTEXT)
    expect(failures()).toBe(before + 2)
  })
})
