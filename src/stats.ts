import { sharedAgent } from './labels/agent.js'
import type { CpuTimeSource } from './sampler/cpu-clock.js'
import type { SamplerThread } from './thread/sampler-thread.js'

/** What a profiler has done so far, and what it has lost. */
export interface ProfilerStats {
  /** Windows taken from V8. */
  readonly windows: number
  /** Samples of a thread at work. */
  readonly samples: number
  /**
   * Samples of a thread that waited within a call, such as `execSync`, or for a CPU. A CPU profile has
   * the CPU time that they used and does not count them.
   */
  readonly waitingSamples: number
  /** Samples of a thread that waited in the event loop; in no CPU profile. */
  readonly idleSamples: number
  /**
   * Samples that came late, by more than one and a half sampling intervals: the machine was busy, the
   * container's CPU quota was used up, the process was suspended, or a system call could not be
   * interrupted.
   */
  readonly lateSamples: number
  /** Of `samples`, those outside every label scope, or whose labels were lost. */
  readonly unlabelledSamples: number
  /** Of `unlabelledSamples`, those whose labels the full ring had forgotten. */
  readonly lostLabelSamples: number
  /**
   * Samples in profiles whose stack V8 had cut, which begins with `(truncated)`. One that is in a CPU
   * and in a wall profile counts twice.
   */
  readonly truncatedSamples: number
  /** How often other labels came into force. */
  readonly labelSwitches: number
  /** OpenTelemetry spans that got labels. Stays 0 where no SDK has been joined. */
  readonly spans: number
  /** OpenTelemetry spans that did not, as they could not be read or marked. */
  readonly spanFailures: number
  /**
   * Methods of OpenTelemetry's context manager, or of the storage that it uses, that could not be
   * observed because the object is frozen. Samples have no span labels then.
   */
  readonly hooksRefused: number
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
  /**
   * CPU time of the whole process in the same time, in nanoseconds: that of worker threads, the thread
   * pool, the garbage collector's threads and the sampler thread too.
   */
  readonly processCpuNanos: number
  /**
   * How long the thread was ready to run but had no CPU, in nanoseconds: other threads had them all, or
   * the container's CPU quota was used up. Known on Linux; elsewhere 0.
   */
  readonly cpuWaitNanos: number
  /**
   * How long the process was suspended, in nanoseconds: stopped by a signal, or frozen by its
   * container or platform. Stretches under a second are not noticed. In no profile.
   */
  readonly suspendedNanos: number
  /** Where that comes from. */
  readonly cpuTimeSource: CpuTimeSource
  /** Profiles that reached their sinks; with two sinks a profile counts twice. */
  readonly profilesWritten: number
  /** Profiles without a sample, which no sink gets. */
  readonly profilesEmpty: number
  /** Profiles that are lost: the ones below, and those that a directory did not take. */
  readonly profilesDropped: number
  /** Of these, those that the server refused, by a status that another try would not change. */
  readonly droppedRefused: number
  /** Those that still failed after `uploadDeadlineMs`. */
  readonly droppedDeadline: number
  /** Those that had to make room for newer ones, in memory or in `spoolDir`. */
  readonly droppedQueueFull: number
  /** Those that waited for an hour, from when on a server refuses them. */
  readonly droppedTooOld: number
  /** Those that still waited when the profiler was stopped, or the process ended. */
  readonly droppedAtEnd: number
  /** Those that could not be sent: a damaged file, a single sample larger than the server takes. */
  readonly droppedUnfit: number
  /** Bytes of all written profiles. */
  readonly bytesWritten: number
  /** Profiles that the server has taken. One that had to be split counts by its parts. */
  readonly uploads: number
  /** Their bytes, compressed. */
  readonly uploadBytes: number
  /** Tries after the first one. */
  readonly uploadRetries: number
  /** Profiles on their way to the server now: in memory, in `spoolDir`, or being sent. */
  readonly uploadsWaiting: number
  /** Profiles too large for the server, which were sent in parts. */
  readonly profilesSplit: number
  /** Labels, tags and names that were changed to what the server takes, in each profile anew. */
  readonly uploadLabelsChanged: number
  /** Labels and tags left out, as there were too many or an id was none. */
  readonly uploadLabelsDropped: number
  /** Profiles written to `spoolDir`. */
  readonly profilesSpooled: number
  /** How often `spoolDir` could not take a profile, which then waits in memory. */
  readonly spoolFailures: number
  /** Files in `spoolDir` that are damaged, and were set aside, or not spanprof's, and were left alone. */
  readonly spoolFilesRejected: number
  /** Compiled files whose source maps were found and read; anew when the file has changed. */
  readonly sourceMapsRead: number
  /** Compiled files whose source map is missing, out of reach, too large, broken, or another release's. */
  readonly sourceMapsFailed: number
  /** Files shown as compiled in a profile, as reading other source maps took all of its time. */
  readonly sourceMapsLate: number
  /** How often V8's sampler was stuck or refused, and was started afresh. */
  readonly samplerRestarts: number
  /** How long taking windows has stalled the profiled thread, in microseconds: all, and the longest. */
  readonly pauseMicros: number
  readonly maxPauseMicros: number
  /** How often the heap was read, for a profile or for `heapProfile()`. */
  readonly heapReads: number
  /** How often it was not, to keep to `heap.maxPausePercent`; the next profile holds it too. */
  readonly heapReadsSkipped: number
  /** How often it could not be read, or had more samples than can be. Sampling is started afresh then. */
  readonly heapReadFailures: number
  /** How long reading the heap has stalled the profiled thread, in microseconds: all, and the longest. */
  readonly heapPauseMicros: number
  readonly maxHeapPauseMicros: number
}

export function toStats({ counters, cpuTimeSource }: SamplerThread): ProfilerStats {
  return { ...counters.snapshot(), ...sharedAgent().counters(), cpuTimeSource }
}
