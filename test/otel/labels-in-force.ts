import { AlwaysOffSampler, NodeTracerProvider, type Sampler } from '@opentelemetry/sdk-trace-node'
import { afterAll, beforeAll } from 'vitest'
import { sharedAgent } from '../../src/labels/agent.ts'
import { type SpanProfilesOptions, SpanProfilesProcessor } from '../../src/otel/index.ts'

/** The labels that a sample taken now would have. */
export function labelsInForce(): Record<string, string> {
  const time = Number(process.hrtime.bigint()) / 1000
  const { labelSetOfSample, labelSets, lateTexts } = sharedAgent().labelsAt([time], time, time + 1)
  const texts = new Map(lateTexts)
  const pairs = labelSets[labelSetOfSample[0] ?? -1] ?? []
  const entries = pairs.flatMap((key, i) => (i % 2 === 0 ? [[key, pairs[i + 1]]] : []))
  return Object.fromEntries(
    entries.map(([key, value]) => [key, typeof value === 'number' ? texts.get(value) : value]),
  )
}

/** The agent records, and the context manager of the SDK is registered, as long as the file runs. */
export function recordLabels(): void {
  beforeAll(() => {
    new NodeTracerProvider().register()
    sharedAgent().start()
  })
  afterAll(() => sharedAgent().stop())
}

/** A provider of its own, as options are a provider's. */
export function labelling(options?: SpanProfilesOptions, sampler?: Sampler): NodeTracerProvider {
  return new NodeTracerProvider({
    spanProcessors: [new SpanProfilesProcessor(options)],
    ...(sampler && { sampler }),
  })
}

export const unsampled = new AlwaysOffSampler()
