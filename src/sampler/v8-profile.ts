/**
 * `Profiler.Profile` of the Chrome DevTools Protocol, as V8 sends it
 * (https://chromedevtools.github.io/devtools-protocol/v8/Profiler/#type-Profile).
 */
export interface V8Profile {
  readonly nodes: readonly V8Node[]
  /** Microseconds of CLOCK_MONOTONIC; as V8 sends it, one ahead: see `console-profiles.ts`. */
  readonly startTime: number
  readonly endTime: number
  /** Node ids. Holds more than the timer's samples: see `timer-samples.ts`. */
  readonly samples?: readonly number[]
  /** Microseconds since the entry before; the first since `startTime`. May be negative. */
  readonly timeDeltas?: readonly number[]
}

/** A node of V8's call tree. */
export interface V8Node {
  readonly id: number
  readonly callFrame: {
    readonly functionName: string
    readonly url: string
    /** 0-based; -1 where there is none. */
    readonly lineNumber: number
    /** 0-based; -1 where there is none. */
    readonly columnNumber: number
  }
  /** How many timer samples ended in this node. */
  readonly hitCount?: number
  readonly children?: readonly number[]
  /** Timer samples by line, 1-based. */
  readonly positionTicks?: readonly { readonly line: number; readonly ticks: number }[]
}
