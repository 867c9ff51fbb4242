/**
 * `HeapProfiler.SamplingHeapProfile` of the Chrome DevTools Protocol, as V8 sends it
 * (https://chromedevtools.github.io/devtools-protocol/v8/HeapProfiler/#type-SamplingHeapProfile).
 */
export interface V8HeapProfile {
  readonly head: V8HeapNode
  /** Those that are not collected yet; all of them where V8 was told to keep the others too. */
  readonly samples: readonly V8HeapSample[]
}

/** A node of V8's tree of allocating stacks. */
export interface V8HeapNode {
  readonly id: number
  readonly callFrame: {
    readonly functionName: string
    readonly url: string
    /** 0-based; -1 where there is none. */
    readonly lineNumber: number
    /** 0-based; -1 where there is none. */
    readonly columnNumber: number
  }
  /** Bytes allocated in this very node, scaled up by V8 from its samples. */
  readonly selfSize: number
  readonly children: readonly V8HeapNode[]
}

export interface V8HeapSample {
  /** Bytes that this sample stands for: its object's size, scaled up by V8. */
  readonly size: number
  readonly nodeId: number
  /** Counts up with every sample that is taken. */
  readonly ordinal: number
}
