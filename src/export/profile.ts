import type { Frame, LabelPairs } from '../sample.js'
import type { ProfileType } from './profile-type.js'

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
  /** One for each of the profile's {@link ProfileType.sampleTypes}. */
  readonly values: readonly number[]
}

/** A finished profile, as sinks take it: plain, immutable, in no format yet. */
export interface Profile {
  readonly type: ProfileType
  readonly appName: string
  readonly tags: LabelPairs
  readonly startTimeMillis: number
  readonly durationNanos: number
  /** The distance between two samples, in the unit of {@link ProfileType.periodType}. */
  readonly period: number
  readonly locations: readonly Location[]
  readonly stacks: readonly ProfileStack[]
  readonly labelSets: readonly LabelPairs[]
  readonly samples: readonly FoldedSample[]
}
