import { context, ProxyTracerProvider, type Span, trace } from '@opentelemetry/api'
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { wrapTracerProvider } from '../../src/otel/index.ts'
import { labelling, labelsInForce, recordLabels, unsampled } from './labels-in-force.ts'

recordLabels()

const id = (span: Span) => span.spanContext().spanId

describe('a wrapped tracer provider', () => {
  it('labels spans that are started in either way', () => {
    const tracer = wrapTracerProvider(new NodeTracerProvider()).getTracer('test')
    tracer.startActiveSpan('root', (root) => {
      expect(labelsInForce()).toMatchObject({ span_id: id(root), span_name: 'root' })
    })
    const span = tracer.startSpan('span')
    context.with(trace.setSpan(context.active(), span), () => {
      expect(labelsInForce()).toMatchObject({ span_id: id(span), span_name: 'span' })
    })
    expect(labelsInForce()).toEqual({})
  })

  it('labels unsampled spans with their name, which may change, and with nothing else', () => {
    const provider = new NodeTracerProvider({ sampler: unsampled })
    const tracer = wrapTracerProvider(provider).getTracer('test')
    tracer.startActiveSpan('GET', (span) => {
      expect(labelsInForce()).toEqual({ span_name: 'GET' })
      span.updateName('GET /users/:id')
      tracer.startActiveSpan('child', () =>
        expect(labelsInForce()).toEqual({ span_name: 'GET /users/:id' }),
      )
    })
  })

  it('takes parents as the SDK does', () => {
    const tracer = wrapTracerProvider(new NodeTracerProvider()).getTracer('test')
    const root = tracer.startSpan('root')
    const inRoot = trace.setSpan(context.active(), root)
    tracer.startActiveSpan('child', {}, inRoot, () => {
      expect(labelsInForce().span_id).toBe(id(root))
      tracer.startActiveSpan('other root', { root: true }, (other) =>
        expect(labelsInForce().span_id).toBe(id(other)),
      )
    })
  })

  it('passes on results, errors and arguments of startActiveSpan', () => {
    const tracer = wrapTracerProvider(new NodeTracerProvider()).getTracer('test')
    expect(tracer.startActiveSpan('a', () => 7)).toBe(7)
    expect(tracer.startActiveSpan('a', {}, () => 8)).toBe(8)
    expect(tracer.startActiveSpan('a', {}, context.active(), () => 9)).toBe(9)
    const thrown = new Error('expected')
    expect(() =>
      tracer.startActiveSpan('a', () => {
        throw thrown
      }),
    ).toThrow(thrown)
    expect(() => tracer.startActiveSpan('a', 'no function' as never)).toThrow(TypeError)
  })

  it('hands on what getTracer is given', () => {
    const provider = new NodeTracerProvider()
    const getTracer = vi.spyOn(provider, 'getTracer')
    wrapTracerProvider(provider).getTracer('name', '1.2.3', { schemaUrl: 'https://x' })
    expect(getTracer).toHaveBeenCalledWith('name', '1.2.3', { schemaUrl: 'https://x' })
  })

  it('is the provider inside it in everything else', async () => {
    const provider = new NodeTracerProvider()
    const shutdown = vi.spyOn(provider, 'shutdown')
    const wrapped = wrapTracerProvider(provider)
    expect(wrapped).toBeInstanceOf(NodeTracerProvider)
    expect(wrapped.constructor).toBe(NodeTracerProvider)
    await wrapped.forceFlush()
    await wrapped.shutdown()
    expect(shutdown).toHaveBeenCalledOnce()
    expect('forceFlush' in wrapped).toBe(true)
  })

  it('reaches private members of the provider inside it, and unknown ones', () => {
    class Custom extends NodeTracerProvider {
      #secret = 41
      get answer() {
        return this.#secret + 1
      }
      ask = () => this.#secret
      set(value: number) {
        this.#secret = value
      }
    }
    const wrapped = wrapTracerProvider(new Custom())
    wrapped.set(1)
    expect([wrapped.answer, wrapped.ask()]).toEqual([2, 1])
    expect(wrapped.set).toBe(wrapped.set)
  })

  it('registers itself, not the provider inside it', () => {
    onTestFinished(() => trace.disable())
    trace.disable()
    const wrapped = wrapTracerProvider(new NodeTracerProvider())
    wrapped.register()
    expect((trace.getTracerProvider() as ProxyTracerProvider).getDelegate()).toBe(wrapped)
    trace
      .getTracer('test')
      .startActiveSpan('root', (root) => expect(labelsInForce().span_id).toBe(id(root)))
  })

  it('doubles nothing beside a processor, or wrapped again', () => {
    const provider = wrapTracerProvider(wrapTracerProvider(labelling()))
    const tracer = provider.getTracer('test')
    tracer.startActiveSpan('root', (root) =>
      tracer.startActiveSpan('child', () =>
        expect(labelsInForce()).toEqual({
          span_id: id(root),
          span_name: 'root',
          trace_id: root.spanContext().traceId,
        }),
      ),
    )
  })

  it('may stand for the proxy of a provider', () => {
    const proxy = new ProxyTracerProvider()
    proxy.setDelegate(new NodeTracerProvider())
    const tracer = wrapTracerProvider(proxy).getTracer('test')
    tracer.startActiveSpan('root', (root) => expect(labelsInForce().span_id).toBe(id(root)))
  })

  it.each([
    [undefined, 'this is undefined'],
    [null, 'this is null'],
    ['tracing', 'this is string'],
    [{}, 'an object without one'],
    [new ProxyTracerProvider().getDelegate(), 'no-op provider'],
    [new ProxyTracerProvider(), 'until an SDK is registered'],
  ])('refuses %s', (provider, part) => {
    expect(() => wrapTracerProvider(provider as never)).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_PROVIDER',
        message: expect.stringContaining(part),
      }),
    )
  })
})
