/**
 * The plain types that the sampler hands to the export. Times are on the clock of
 * `process.hrtime()` (CLOCK_MONOTONIC), which is V8's clock for samples too.
 */

/** One function as V8 names it. */
export interface Frame {
  /** V8's own name; empty for an anonymous function. */
  readonly functionName: string
  /** A `file:` URL, a path, `node:…`, or empty for code without a source. */
  readonly url: string
  /** Where the function starts, 1-based; 0 where V8 does not say. */
  readonly line: number
  /** Where the function starts, 1-based; 0 where V8 does not say. */
  readonly column: number
  /** The file is left out of the profile; the function's name still says where it is. */
  readonly fileStripped?: boolean
}

/** A stack as a node of a parent-pointer tree, so that a sample's stack is one integer. */
export interface StackNode {
  readonly frame: Frame
  /** Index of the caller's node; -1 at the outermost frame. A parent stands before its children. */
  readonly parent: number
  /** The lines that ran while this was the innermost frame. V8 counts them per node, not per sample. */
  readonly lineTicks: readonly LineTicks[]
}

/** How many timer samples hit a line, 1-based. */
export interface LineTicks {
  readonly line: number
  readonly ticks: number
}

/** One tick of V8's sampling timer. */
export interface Sample {
  readonly timeMicros: number
  /** Index of the innermost frame's node in {@link Window.stacks}. */
  readonly stack: number
  /** The thread waited in the event loop. */
  readonly idle: boolean
}

/** A stretch of time in which the whole process stood still: stopped, or frozen by its platform. */
export interface Suspension {
  readonly fromMicros: number
  readonly untilMicros: number
}

/** The samples of one stretch of time. Windows neither overlap nor leave a gap. */
export interface Window {
  readonly startMicros: number
  readonly endMicros: number
  readonly stacks: readonly StackNode[]
  /** In order of time. */
  readonly samples: readonly Sample[]
}

/** What is recorded from samples: work, or the time that passed. */
export type RecordedType = 'cpu' | 'wall'

/** A stack that has allocated memory, and how much; V8 samples allocations, so both are estimates. */
export interface AllocationSite {
  /** The outermost frame first. */
  readonly frames: readonly Frame[]
  readonly bytes: number
  readonly objects: number
}

/** Label keys and values, sorted by key: `[key, value, key, value, …]`. */
export type LabelPairs = readonly string[]

/** The labels of a sample while its profile is open. Their pairs may still be replaced. */
export interface OpenLabels {
  /** Of `withLabels`. */
  readonly own: { readonly pairs: LabelPairs } | undefined
  /** Of a context such as OpenTelemetry's. Takes precedence. */
  readonly carried: { readonly pairs: LabelPairs } | undefined
}
