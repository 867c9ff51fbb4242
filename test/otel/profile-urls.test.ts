import { ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api'
import { type ReadableSpan, SamplingDecision } from '@opentelemetry/sdk-trace-node'
import { describe, expect, it } from 'vitest'
import { withLabels } from '../../src/index.ts'
import type { ProfileOfSpan, SpanProfilesOptions } from '../../src/otel/index.ts'
import { labelling } from './labels-in-force.ts'

const address = { appName: 'shop', pyroscopeUrl: 'http://localhost:4040' }

function ended(options: SpanProfilesOptions, name = 'GET', rename?: string) {
  const before = Date.now()
  const span = labelling(options).getTracer('test').startSpan(name) as Span & ReadableSpan
  if (rename) span.updateName(rename)
  span.end()
  const { spanId } = span.spanContext()
  return { span, spanId, attributes: span.attributes, before, after: Date.now() }
}

function parsed(url: unknown) {
  const { origin, pathname, searchParams } = new URL(String(url))
  return { place: origin + pathname, ...Object.fromEntries(searchParams) } as Record<string, string>
}

describe('links to profiles', () => {
  it('are not set where nobody asks for them', () => {
    const { span, attributes } = ended({})
    expect(Object.keys(attributes)).toEqual(['pyroscope.profile.id'])
    expect(Object.hasOwn(span, 'end')).toBe(false)
  })

  it('lead to the span’s profile over its time', () => {
    const { spanId, attributes, before, after } = ended({ ...address, profileUrl: true })
    const { from = '', until = '', ...rest } = parsed(attributes['pyroscope.profile.url'])
    expect(rest).toEqual({
      place: 'http://localhost:4040/',
      query: `shop.cpu{profile_id="${spanId}"}`,
    })
    expect(Number(from)).toBeGreaterThanOrEqual(before * 1e6)
    expect(Number(until)).toBeLessThanOrEqual(after * 1e6)
    expect(until).toMatch(/^\d{19}$/)
    expect(attributes).not.toHaveProperty('pyroscope.profile.diff.url')
  })

  it('compare with the same labels in the hour before', () => {
    const profileBaselineLabels = { region: 'eu', tenant: '' }
    const options = { ...address, profileBaselineUrl: true, profileBaselineLabels }
    const { spanId, attributes } = withLabels({ tenant: 'acme', shard: 3 }, () =>
      ended(options, 'GET', 'GET /users/:id'),
    )
    const baseline = parsed(attributes['pyroscope.profile.baseline.url'])
    const diff = parsed(attributes['pyroscope.profile.diff.url'])
    expect(baseline.place).toBe('http://localhost:4040/comparison')
    expect(diff).toEqual({ ...baseline, place: 'http://localhost:4040/comparison-diff' })
    const left = 'shop.cpu{region="eu",shard="3",span_name="GET /users/:id"}'
    expect(baseline).toMatchObject({
      query: left,
      leftQuery: left,
      rightQuery: `shop.cpu{profile_id="${spanId}"}`,
      from: baseline.leftFrom,
      until: baseline.leftUntil,
      rightUntil: baseline.until,
    })
    const hour = BigInt(baseline.rightFrom ?? 0) - BigInt(baseline.leftFrom ?? 0)
    expect(hour).toBe(3_600_000_000_000n)
  })

  it('let a baseline label win over the span’s', () => {
    const options = {
      ...address,
      profileBaselineUrl: true,
      profileBaselineLabels: { span_name: 'all' },
    }
    const { leftQuery } = parsed(ended(options).attributes['pyroscope.profile.baseline.url'])
    expect(leftQuery).toBe('shop.cpu{span_name="all"}')
  })

  it('quote what a label’s value has in it', () => {
    const options = { ...address, profileBaselineUrl: true }
    const { attributes } = ended(options, 'say "hello" \\')
    const { leftQuery } = parsed(attributes['pyroscope.profile.baseline.url'])
    expect(leftQuery).toBe('shop.cpu{span_name="say \\"hello\\" \\\\"}')
  })

  it('are made by a function of the app’s, for addresses of today', () => {
    const seen: ProfileOfSpan[] = []
    const profileUrl = (profile: ProfileOfSpan) => {
      seen.push(profile)
      return `https://grafana/explore?span=${profile.spanId}`
    }
    const { span, spanId, attributes } = ended({ appName: 'shop', profileUrl }, 'GET', 'GET /')
    expect(attributes['pyroscope.profile.url']).toBe(`https://grafana/explore?span=${spanId}`)
    const { traceId } = span.spanContext()
    expect(seen).toMatchObject([{ appName: 'shop', spanId, traceId, spanName: 'GET /' }])
  })

  it('are left out where that function fails or says nothing', () => {
    const failing = () => {
      throw new Error('expected')
    }
    expect(ended({ profileUrl: failing }).span.ended).toBe(true)
    const { attributes } = ended({ profileUrl: () => undefined })
    expect(attributes).not.toHaveProperty('pyroscope.profile.url')
  })

  it('are on spans that have a profile of their own', () => {
    const options = { ...address, profileUrl: true }
    const tracer = labelling(options).getTracer('test')
    const root = tracer.startSpan('root')
    const child = tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, root))
    child.end()
    expect((child as Span & ReadableSpan).attributes).toEqual({})

    const sampler = { shouldSample: () => ({ decision: SamplingDecision.RECORD }) }
    const recorded = labelling(options, sampler).getTracer('test').startSpan('recorded')
    recorded.end()
    expect((recorded as Span & ReadableSpan).attributes).toEqual({})
  })
})
