import { describe, expect, it } from 'vitest'
import { decodeDirectory, samplesOf, total } from './decoded-profile.ts'
import { runProgram, temporaryDirectory } from './program.ts'
import { ALL_SPANS, type LabelOptions, type RecordedSpan, readFacts } from './span-facts.ts'

/** A place that burns CPU in a function of its own, `burn_<index>`. */
interface Site {
  /** Of the span that is active there. */
  readonly spanId?: string
  /** Labels of `withLabels` that are in force there. */
  readonly user: Readonly<Record<string, string>>
  /** Whether samples may do without the span's labels: under `suppressTracing`, in a span of no trace. */
  readonly orNone: boolean
}

interface Facts {
  sites: Site[]
  spans: RecordedSpan[]
  stats: Record<string, number>
}

async function hardMix(way: string, manager: string, options: LabelOptions) {
  const directory = temporaryDirectory()
  const args = [directory, '10000', way, manager, JSON.stringify(options)]
  const { code, stderr } = await runProgram('otel-hard-mix.mjs', { args })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })

  const { sites, spans, stats } = readFacts<Facts>(directory)
  const samples = samplesOf(decodeDirectory(directory)).flatMap((sample) => {
    const burner = sample.stack.find((name) => name.startsWith('burn_'))
    if (burner === undefined) return []
    const site = sites[Number(burner.slice('burn_'.length))] as Site
    const ofSpan = site.spanId === undefined ? {} : spans.labelsOf(spans.span(site.spanId), options)
    const expected = { ...site.user, ...ofSpan }
    return [{ labels: sample.labels, count: sample.count, site, expected }]
  })
  return { samples, stats }
}

type MixSample = Awaited<ReturnType<typeof hardMix>>['samples'][number]

const sameAs = (labels: object, other: object) =>
  JSON.stringify(Object.entries(labels).sort()) === JSON.stringify(Object.entries(other).sort())

/** Labels that are not there are no lie; there may be few of them, at the edges of a span. */
const isMissing = ({ labels, expected }: MixSample) =>
  Object.entries(labels).every(([key, value]) => expected[key as never] === value)

const isRight = ({ labels, expected, site }: MixSample) =>
  sameAs(labels, expected) || (site.orNone && sameAs(labels, site.user))

/** So many samples take their time on a busy machine. */
const BUSY = { timeout: 180_000 }

describe.concurrent('every sample of a hard mix of nested and concurrent spans', () => {
  it.each([
    ['of its local root, by a processor', 'processor', 'AsyncLocalStorage', {}],
    ['of the span itself, by a wrapped provider', 'wrapper', 'AsyncLocalStorage', ALL_SPANS],
    ['of the span itself, kept by async hooks', 'processor', 'AsyncHooks', ALL_SPANS],
  ] as const)('carries the labels %s', BUSY, async (_, way, storage, options) => {
    const { samples, stats } = await hardMix(way, `${storage}ContextManager`, options)
    expect(total(samples as never, 'count')).toBeGreaterThan(5000)
    const wrong = samples.filter((sample) => !isRight(sample))
    expect(wrong.filter((sample) => !isMissing(sample))).toEqual([])
    expect(total(wrong as never, 'count')).toBeLessThan(total(samples as never, 'count') / 1000)
    expect(stats).toMatchObject({ lostLabelSamples: 0, labelFailures: 0, profilesDropped: 0 })
  })
})
