import { describe, expect, it } from 'vitest'
import { decodeDirectory, having, samplesOf } from './decoded-profile.ts'
import { runCode, temporaryDirectory } from './program.ts'

interface Span {
  readonly spanId: string
  readonly traceId: string
  readonly attributes: Readonly<Record<string, string>>
}

/** The labels of samples in a root span and in a child of it, and the spans themselves. */
async function labelled(options: object, env: Record<string, string> = {}, way = 'processor') {
  const directory = temporaryDirectory()
  const text = JSON.stringify(options)
  const provider = {
    processor: `new NodeTracerProvider({ spanProcessors: [new SpanProfilesProcessor(${text})] })`,
    wrapper: `wrapTracerProvider(new NodeTracerProvider(), ${text})`,
  }[way]
  const { code, stdout, stderr } = await runCode(
    `import { context, trace } from '@opentelemetry/api'
    import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
    import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
    import { startProfiler } from 'spanprof'
    import { SpanProfilesProcessor, wrapTracerProvider } from 'spanprof/otel'
    const { cpuBurner } = await import('./test/programs/burn.mjs')
    const print = (span) =>
      console.log(JSON.stringify({ ...span.spanContext(), attributes: span.attributes }))
    const profiler = await startProfiler({
      outputDir: ${JSON.stringify(directory)}, samplingIntervalMicros: 1000, appName: 'shop' })
    trace.setGlobalTracerProvider(${provider})
    context.setGlobalContextManager(new AsyncLocalStorageContextManager())
    const tracer = trace.getTracer('labels')
    await tracer.startActiveSpan('root', async (root) => {
      await null
      cpuBurner('in_root')(60)
      tracer.startActiveSpan('child', (child) => {
        cpuBurner('in_child')(60)
        child.end()
        print(child)
      })
      root.end()
      print(root)
    })
    await profiler.stop()`,
    { env },
  )
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const [child, root] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line)) as [Span, Span]
  const labelsIn = (place: string) => {
    const burnt = having(samplesOf(decodeDirectory(directory)), place)
    const texts = [...new Set(burnt.map(({ labels }) => JSON.stringify(labels)))]
    expect(texts, place).toHaveLength(1)
    return JSON.parse(texts[0] as string)
  }
  return { child, root, inRoot: labelsIn('in_root'), inChild: labelsIn('in_child') }
}

type Labelled = Awaited<ReturnType<typeof labelled>>

/** What each way of saying it should come to. */
const cases: [string, object, Record<string, string>, (of: Labelled) => [object, object]][] = [
  [
    'nothing: the root’s',
    {},
    {},
    ({ root: { spanId, traceId } }) => {
      const labels = { span_id: spanId, trace_id: traceId, span_name: 'root' }
      return [labels, labels]
    },
  ],
  [
    'spanIdLabelScope: each span’s own id, and the root’s name',
    { spanIdLabelScope: 'all-spans' },
    {},
    ({ root, child }) => [
      { span_id: root.spanId, trace_id: root.traceId, span_name: 'root' },
      { span_id: child.spanId, trace_id: root.traceId, span_name: 'root' },
    ],
  ],
  [
    'spanNameLabelScope: the root’s id, and each span’s own name',
    { spanNameLabelScope: 'all-spans' },
    {},
    ({ root: { spanId, traceId } }) => [
      { span_id: spanId, trace_id: traceId, span_name: 'root' },
      { span_id: spanId, trace_id: traceId, span_name: 'child' },
    ],
  ],
  [
    'that it wants neither span: the trace alone',
    { spanIdLabelScope: 'none', spanNameLabelScope: 'none' },
    {},
    ({ root }) => [{ trace_id: root.traceId }, { trace_id: root.traceId }],
  ],
  [
    'that it wants no trace',
    { traceIdLabel: false },
    {},
    ({ root }) => [
      { span_id: root.spanId, span_name: 'root' },
      { span_id: root.spanId, span_name: 'root' },
    ],
  ],
  [
    'profileIdLabel: the id under its older name too',
    { profileIdLabel: true, traceIdLabel: false },
    {},
    ({ root: { spanId } }) => [
      { span_id: spanId, profile_id: spanId, span_name: 'root' },
      { span_id: spanId, profile_id: spanId, span_name: 'root' },
    ],
  ],
  [
    'it in the environment',
    {},
    {
      SPANPROF_SPAN_ID_LABEL_SCOPE: 'all-spans',
      SPANPROF_SPAN_NAME_LABEL_SCOPE: 'none',
      SPANPROF_TRACE_ID_LABEL: 'false',
      SPANPROF_PROFILE_ID_LABEL: 'true',
    },
    ({ root, child }) => [
      { span_id: root.spanId, profile_id: root.spanId },
      { span_id: child.spanId, profile_id: child.spanId },
    ],
  ],
  [
    'it as to the profilers for Java and Python',
    { traceIdLabel: false },
    { OTEL_PYROSCOPE_ROOT_SPAN_ONLY: 'false', OTEL_PYROSCOPE_ADD_SPAN_NAME: 'false' },
    ({ root, child }) => [{ span_id: root.spanId }, { span_id: child.spanId }],
  ],
  [
    'it in code, whatever the environment says',
    { spanIdLabelScope: 'root-span', spanNameLabelScope: 'none', traceIdLabel: false },
    { OTEL_PYROSCOPE_ROOT_SPAN_ONLY: 'false', SPANPROF_SPAN_NAME_LABEL_SCOPE: 'all-spans' },
    ({ root }) => [{ span_id: root.spanId }, { span_id: root.spanId }],
  ],
]

describe.concurrent('samples of an app', () => {
  it.each(cases)('have the labels it asks for, that says %s', async (_, options, env, expected) => {
    const found = await labelled(options, env)
    const [inRoot, inChild] = expected(found)
    expect({ inRoot: found.inRoot, inChild: found.inChild }).toEqual({ inRoot, inChild })
  })
})

describe.concurrent('links from a span to its profile', () => {
  const options = {
    pyroscopeUrl: 'http://pyroscope:4040',
    appName: 'shop',
    profileUrl: true,
    profileBaselineUrl: true,
    profileBaselineLabels: { region: 'eu' },
  }

  it.each(['processor', 'wrapper'])('stand on the local root when it ends (%s)', async (way) => {
    const { root, child } = await labelled(options, {}, way)
    expect(child.attributes).toEqual({})
    const profile = `shop.cpu{profile_id="${root.spanId}"}`
    const baseline = 'shop.cpu{region="eu",span_name="root"}'

    const {
      'pyroscope.profile.id': id,
      'pyroscope.profile.url': profileUrl,
      'pyroscope.profile.baseline.url': baselineUrl,
      'pyroscope.profile.diff.url': diffUrl,
      ...others
    } = root.attributes
    expect(others).toEqual({})
    expect(id).toBe(root.spanId)
    const link = new URL(profileUrl as string)
    expect(link.origin + link.pathname).toBe('http://pyroscope:4040/')
    expect(link.searchParams.get('query')).toBe(profile)
    const from = BigInt(link.searchParams.get('from') as string)
    const until = BigInt(link.searchParams.get('until') as string)
    expect(until).toBeGreaterThan(from)
    expect(String(from)).toHaveLength(19) // Nanoseconds.

    for (const [text, path] of [
      [baselineUrl, '/comparison'],
      [diffUrl, '/comparison-diff'],
    ] as const) {
      const { origin, pathname, searchParams } = new URL(text as string)
      expect(origin + pathname).toBe(`http://pyroscope:4040${path}`)
      expect(searchParams.get('query')).toBe(baseline)
      expect(searchParams.get('leftQuery')).toBe(baseline)
      expect(searchParams.get('rightQuery')).toBe(profile)
      const hourBefore = from - 3_600_000_000_000n
      expect(BigInt(searchParams.get('from') as string)).toBe(hourBefore)
    }
  })
})
