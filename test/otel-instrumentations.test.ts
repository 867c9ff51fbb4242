import { describe, expect, it } from 'vitest'
import { type DecodedSample, decodeDirectory, samplesOf } from './decoded-profile.ts'
import { runProgram, temporaryDirectory } from './program.ts'
import {
  ALL_SPANS,
  type LabelOptions,
  type RecordedSpan,
  readFacts,
  type SpanFacts,
  spanLabels,
} from './span-facts.ts'

const FRAMEWORKS = ['http', 'express', 'fastify'] as const
/** How spanprof joins; `none` is `spanprof/register`, of which the program knows nothing. */
const WAYS = { processor: 'a processor', wrapper: 'a wrapped provider', none: 'zero code' } as const
type Way = keyof typeof WAYS
const WAY_NAMES = Object.keys(WAYS) as Way[]
const EACH = FRAMEWORKS.flatMap((framework) =>
  WAY_NAMES.map((way) => ({ framework, way, joinedBy: WAYS[way] })),
)
const ROUTE = 'GET /users/:id'

interface Work {
  readonly requests?: readonly { traceparent?: string }[]
  readonly options?: LabelOptions
  /** Of traces to sample. */
  readonly ratio?: number
  readonly burnMillis?: number
}

interface Request {
  readonly samples: readonly Burnt[]
  /** Undefined when it was not recorded. */
  readonly server: RecordedSpan | undefined
}

interface Burnt extends DecodedSample {
  /** What the handler was at: `first`, `later`, `child`, `fetched` or `middleware`. */
  readonly phase: string
}

/** Runs a server, and returns the spans and samples of each request it was asked. */
async function serve(framework: string, way: Way, work: Work = {}) {
  const directory = temporaryDirectory()
  const { code, stderr } = await runProgram('otel-servers.mjs', {
    args: [directory, framework, way, JSON.stringify(work)],
    ...(way === 'none' && zeroCode(directory, work.options)),
  })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const { spans } = readFacts<{ spans: RecordedSpan[] }>(directory)
  const samples = samplesOf(decodeDirectory(directory))
  const requests = (work.requests ?? [{}]).map((_, id): Request => {
    const isOfRequest = new RegExp(`^(\\w+)_${id}$`)
    const burnt = samples.flatMap((sample) => {
      const phase = sample.stack.map((name) => isOfRequest.exec(name)?.[1]).find(Boolean)
      return phase === undefined ? [] : [{ ...sample, phase }]
    })
    const server = spans.spans.find(
      ({ kind, attributes }) => kind === 1 && attributes['url.path'] === `/users/${id}`,
    )
    return { samples: burnt, server }
  })
  return { spans, requests }
}

function zeroCode(directory: string, options: LabelOptions = {}) {
  const { spanIdLabelScope, spanNameLabelScope } = options
  return {
    nodeArgs: ['--import', 'spanprof/register'],
    env: {
      SPANPROF_OUTPUT_DIR: directory,
      SPANPROF_SAMPLING_INTERVAL_MICROS: '1000',
      ...(spanIdLabelScope && { SPANPROF_SPAN_ID_LABEL_SCOPE: spanIdLabelScope }),
      ...(spanNameLabelScope && { SPANPROF_SPAN_NAME_LABEL_SCOPE: spanNameLabelScope }),
    },
  }
}

/** That there are samples of all that the handlers do, if not of each in every request. */
function expectPhases(requests: readonly Request[], framework = 'http') {
  for (const { samples } of requests) expect(samples).not.toEqual([])
  const phases = new Set(requests.flatMap(({ samples }) => samples.map(({ phase }) => phase)))
  const expected = ['first', 'later', 'child', 'fetched']
  if (framework !== 'http') expected.push('middleware')
  expect([...phases].sort()).toEqual(expected.sort())
}

function expectLabels({ samples }: Request, labels: object) {
  for (const sample of samples) expect(spanLabels(sample), sample.phase).toEqual(labels)
}

const profileIds = ({ spans }: SpanFacts) =>
  Object.fromEntries(
    spans.flatMap(({ spanId, attributes }) =>
      'pyroscope.profile.id' in attributes ? [[spanId, attributes['pyroscope.profile.id']]] : [],
    ),
  )

const idsOf = (spans: readonly RecordedSpan[]) =>
  Object.fromEntries(spans.map(({ spanId }) => [spanId, spanId]))

describe.concurrent.each(EACH)('$framework joined by $joinedBy', ({ framework, way }) => {
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  const remote = 'b7ad6b7169203331'

  it('labels all work of a request with its server span and the name of the route', async () => {
    const requests = [
      {},
      {},
      { traceparent: `00-${traceId}-${remote}-01` },
      { traceparent: `00-${traceId}-${remote}-00` },
    ]
    const run = await serve(framework, way, { requests })
    const [first, second, fromElsewhere, unsampled] = run.requests as [
      Request,
      Request,
      Request,
      Request,
    ]
    expectPhases(run.requests, framework)
    for (const request of [first, second, fromElsewhere]) {
      const { spanId, traceId, name } = request.server as RecordedSpan
      expect(name).toBe(ROUTE)
      expectLabels(request, { span_id: spanId, trace_id: traceId, span_name: ROUTE })
    }
    expect(first.server?.traceId).not.toBe(second.server?.traceId)

    // A remote parent gives its trace, and leaves the server span a local root.
    expect(fromElsewhere.server).toMatchObject({ traceId, parentId: remote })

    // Nobody can look up the ids of a trace that is not recorded; only where a span is still seen, it
    // has a name.
    expect(unsampled.server).toBeUndefined()
    expectLabels(unsampled, way === 'processor' ? {} : { span_name: ROUTE })

    const servers = [first, second, fromElsewhere].map(({ server }) => server as RecordedSpan)
    expect(profileIds(run.spans)).toEqual(idsOf(servers))
  })
})

describe.concurrent.each(WAY_NAMES.map((way) => ({ way, joinedBy: WAYS[way] })))(
  'all spans, by $joinedBy,',
  ({ way }) => {
    it('label work with the innermost span, of which each has a profile', async () => {
      const { spans, requests } = await serve('express', way, {
        requests: [{}, {}],
        options: ALL_SPANS,
      })
      expectPhases(requests, 'express')
      for (const request of requests) {
        const ofRequest = spans.spans.filter((span) => spans.localRootOf(span) === request.server)
        const named = (name: string) => {
          const span = ofRequest.find((each) => each.name === name) as RecordedSpan
          return spans.labelsOf(span, ALL_SPANS)
        }
        const expected: Record<string, object> = {
          middleware: named('middleware - <anonymous>'),
          first: named('request handler'),
          later: named('request handler'),
          child: named('load user'),
          fetched: named('request handler'),
        }
        for (const sample of request.samples) {
          expect(spanLabels(sample), sample.phase).toEqual(expected[sample.phase])
        }
      }
      expect(profileIds(spans)).toEqual(idsOf(spans.spans))

      // Requests to elsewhere have client spans, in which nothing of the handler runs.
      const clients = spans.spans.filter(({ kind }) => kind === 2).map(({ spanId }) => spanId)
      expect(clients).toHaveLength(requests.length)
      const samples = requests.flatMap(({ samples }) => samples)
      expect(samples.filter(({ labels }) => clients.includes(labels.span_id ?? ''))).toEqual([])
    })
  },
)

describe.concurrent.each(WAY_NAMES.map((way) => ({ way, joinedBy: WAYS[way] })))(
  'a sampler of half of all traces, with $joinedBy,',
  ({ way }) => {
    it('leaves ids on exactly the sampled ones', async () => {
      const { spans, requests } = await serve('http', way, {
        requests: Array.from({ length: 24 }, () => ({})),
        ratio: 0.5,
        burnMillis: 8,
      })
      const sampled = requests.filter(({ server }) => server !== undefined)
      // By chance all or none, once in some eight million runs.
      expect(sampled.length).toBeGreaterThan(0)
      expect(sampled.length).toBeLessThan(requests.length)
      const unsampled = requests.filter(({ server }) => server === undefined)
      for (const group of [sampled, unsampled]) {
        expect(group.flatMap(({ samples }) => samples)).not.toEqual([])
      }
      for (const request of requests) {
        const name = way === 'processor' ? {} : { span_name: ROUTE }
        expectLabels(request, request.server ? spans.labelsOf(request.server) : name)
      }
      expect(profileIds(spans)).toEqual(idsOf(sampled.map(({ server }) => server as RecordedSpan)))
    })
  },
)
