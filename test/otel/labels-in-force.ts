import { AlwaysOffSampler, NodeTracerProvider, type Sampler } from '@opentelemetry/sdk-trace-node'
import { afterAll, beforeAll } from 'vitest'
import { sharedAgent } from '../../src/labels/agent.ts'
import { type SpanProfilesOptions, SpanProfilesProcessor } from '../../src/otel/index.ts'
import { SampledLabelsReader } from '../labels/sampled-labels.ts'

const reader = new SampledLabelsReader(sharedAgent())

/** The labels that a sample taken now would have, or some time from now. */
export function labelsInForce(inMicros = 0): Record<string, string> {
  const [labels] = reader.at([Number(process.hrtime.bigint()) / 1000 + inMicros])
  if (labels === 'lost') throw new Error('the agent has forgotten them')
  return labels ?? {}
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
