import type { Profile } from '../../src/export/profile.ts'
import { type LabelledWindow, Recording } from '../../src/export/recording.ts'
import type { Frame, LabelPairs, OpenLabels, RecordedType, StackNode } from '../../src/sample.ts'

/** A sample for a test: its stack from the outermost frame on, as `main;work`. */
export interface Given {
  readonly stack: string
  readonly labels?: LabelPairs | OpenLabels
  readonly cpuNanos?: number
  /** The thread waited within a call. */
  readonly waiting?: boolean
  readonly timeMicros?: number
  readonly idle?: boolean
}

/** A window of samples; `urls` places functions that are not in `file:///app/cart.js`. */
export function windowOf(
  given: readonly Given[],
  urls: Readonly<Record<string, string>> = {},
  lineTicks: Readonly<Record<string, StackNode['lineTicks']>> = {},
): LabelledWindow {
  const stacks: StackNode[] = []
  const known = new Map<string, number>()
  const nodeOf = (stack: string): number => {
    const node = known.get(stack)
    if (node !== undefined) return node
    const at = stack.lastIndexOf(';')
    const functionName = stack.slice(at + 1)
    const parent = at < 0 ? -1 : nodeOf(stack.slice(0, at))
    const frame = frameOf(functionName, urls[functionName])
    known.set(stack, stacks.length)
    return stacks.push({ frame, parent, lineTicks: lineTicks[functionName] ?? [] }) - 1
  }
  const samples = given.map(({ stack, timeMicros = 1_000, idle = false }) => ({
    stack: nodeOf(stack),
    timeMicros,
    idle,
  }))
  const open = new Map<string, OpenLabels>()
  const toOpen = (labels: LabelPairs | OpenLabels): OpenLabels => {
    if ('own' in labels) return labels
    const known = open.get(labels.join()) ?? { own: { pairs: labels }, carried: undefined }
    open.set(labels.join(), known)
    return known
  }
  return {
    startMicros: 0,
    endMicros: 1_000_000,
    stacks,
    samples,
    cpuNanosOfSample: given.map(({ cpuNanos = 10e6 }) => cpuNanos),
    waitingOfSample: given.map(({ waiting = false }) => waiting),
    suspensions: [],
    labelsOfSample: given.map(({ labels }) => labels && toOpen(labels)),
  }
}

function frameOf(functionName: string, url = 'file:///app/cart.js'): Frame {
  const meta = functionName.startsWith('(')
  const line = meta ? 0 : functionName.length
  return { functionName, url: meta ? '' : url, line, column: line }
}

export function fold(...windows: LabelledWindow[]): Profile {
  return record('cpu', windows)
}

export function record(type: RecordedType, windows: readonly LabelledWindow[]): Profile {
  const options = { type, appName: 'shop', tags: [], samplingIntervalMicros: 10_000 }
  const recording = new Recording(options, 0, Date.UTC(2026, 0, 2, 3, 4, 5, 678))
  for (const window of windows) recording.add(window)
  return recording.finish()
}
