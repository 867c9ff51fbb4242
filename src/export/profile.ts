import type { Frame, LabelPairs } from '../sample.js'

/** A place in a function; one row of pprof's location table. */
export interface Location {
  readonly frame: Frame
  /** 1-based; 0 where it is not known. */
  readonly line: number
}

/** A stack as a node of a parent-pointer tree. */
export interface ProfileStack {
  /** Index into {@link Profile.locations}. */
  readonly location: number
  /** Index of the caller's node; -1 at the outermost one. */
  readonly parent: number
}

/** Samples folded by stack and label set. */
export interface FoldedSample {
  /** Index of the innermost node in {@link Profile.stacks}. */
  readonly stack: number
  /** Index into {@link Profile.labelSets}. */
  readonly labelSet: number
  readonly count: number
  readonly cpuNanos: number
}

/** A finished CPU profile, as sinks take it: plain, immutable, in no format yet. */
export interface Profile {
  readonly appName: string
  readonly tags: LabelPairs
  readonly startTimeMillis: number
  readonly durationNanos: number
  readonly samplingIntervalMicros: number
  readonly locations: readonly Location[]
  readonly stacks: readonly ProfileStack[]
  readonly labelSets: readonly LabelPairs[]
  readonly samples: readonly FoldedSample[]
}
