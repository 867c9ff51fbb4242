import { sharedAgent } from './labels/agent.js'
import type { CpuTimeSource } from './sampler/cpu-clock.js'
import type { SamplerThread } from './thread/sampler-thread.js'

/** What a profiler has done so far, and what it has lost. */
export interface ProfilerStats {
  /** Windows taken from V8. */
  readonly windows: number
  /** Samples of a thread at work. */
  readonly samples: number
  /** Samples of a thread that waited; in no CPU profile. */
  readonly idleSamples: number
  /** Of `samples`, those outside every label scope, or whose labels were lost. */
  readonly unlabelledSamples: number
  /** Of `unlabelledSamples`, those whose labels the full ring had forgotten. */
  readonly lostLabelSamples: number
  /** How often other labels came into force. */
  readonly labelSwitches: number
  /** OpenTelemetry spans that got labels. Stays 0 where no SDK has been joined. */
  readonly spans: number
  /** OpenTelemetry spans that did not, as they could not be read or marked. */
  readonly spanFailures: number
  /** Label keys over 1,024 and values over 2,048 bytes, which were cut. */
  readonly labelsCut: number
  /** Labels left out because a scope had a hundred already. */
  readonly labelsDropped: number
  /** Windows without labels, as the profiled thread did not answer. */
  readonly labelFailures: number
  /** Keys of `withLabels` that stood against a span's own label and lost, in each window anew. */
  readonly labelsOverruled: number
  /** CPU time of all samples, in nanoseconds. */
  readonly cpuNanos: number
  /** Where that comes from. */
  readonly cpuTimeSource: CpuTimeSource
  /** Profiles that reached their sinks. */
  readonly profilesWritten: number
  /** Profiles without a sample, which no sink gets. */
  readonly profilesEmpty: number
  /** Profiles that are lost. */
  readonly profilesDropped: number
  /** Bytes of all written profiles. */
  readonly bytesWritten: number
  /** Compiled files whose source maps were found and read; anew when the file has changed. */
  readonly sourceMapsRead: number
  /** Compiled files that name a source map which is missing, out of reach, too large, or broken. */
  readonly sourceMapsFailed: number
  /** Files shown as compiled in a profile, as reading other source maps took all of its time. */
  readonly sourceMapsLate: number
  /** How often V8's sampler was stuck or refused, and was started afresh. */
  readonly samplerRestarts: number
  /** How long taking windows has stalled the profiled thread, in microseconds: all, and the longest. */
  readonly pauseMicros: number
  readonly maxPauseMicros: number
}

export function toStats({ counters, cpuTimeSource }: SamplerThread): ProfilerStats {
  return { ...counters.snapshot(), ...sharedAgent().counters(), cpuTimeSource }
}
