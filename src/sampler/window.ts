import type { Frame, Sample, StackNode, Window } from '../sample.js'
import { timerSamples } from './timer-samples.js'
import type { V8Node, V8Profile } from './v8-profile.js'

/**
 * Turns a profile of V8's into a window: parent pointers instead of child lists, timer samples only,
 * and of these the ones from `startMicros` up to, not including, `endMicros`.
 */
export function toWindow(profile: V8Profile, startMicros: number, endMicros: number): Window {
  const { stacks, stackOfNode, idleStack } = stackTree(profile.nodes)
  const samples: Sample[] = []
  for (const { timeMicros, nodeId } of timerSamples(profile)) {
    if (timeMicros < startMicros || timeMicros >= endMicros) continue
    const stack = stackOfNode.get(nodeId)
    // V8's root has no frame. A timer sample there has nothing to show: see `isStuck`.
    if (stack === undefined) continue
    samples.push({ timeMicros, stack, idle: stack === idleStack })
  }
  return { startMicros, endMicros, stacks, samples }
}

/** On a busy machine V8's sampling thread may have to wait for a processor for a while. */
const MIN_STUCK_MICROS = 200_000

/**
 * Whether V8's sampling thread has gone astray: it can spin and deliver nothing, or only its root.
 *
 * @param cpuNanos the CPU time that the thread used in the window, where it is known.
 */
export function isStuck(
  { startMicros, endMicros, samples }: Window,
  samplingIntervalMicros: number,
  cpuNanos: number | undefined,
): boolean {
  if (samples.length > 0) return false
  const lengthMicros = endMicros - startMicros
  if (lengthMicros < Math.max(20 * samplingIntervalMicros, MIN_STUCK_MICROS)) return false
  return cpuNanos === undefined || cpuNanos / 1000 > lengthMicros / 2
}

function stackTree(nodes: readonly V8Node[]) {
  const nodeById = new Map(nodes.map((node) => [node.id, node]))
  const stacks: StackNode[] = []
  const stackOfNode = new Map<number, number>()
  let idleStack = -1
  const root = nodes[0]
  // Breadth first, so that a parent stands before its children.
  const queue = (root?.children ?? []).map((id) => ({ id, parent: -1 }))
  for (const { id, parent } of queue) {
    const node = nodeById.get(id)
    if (node === undefined) continue
    const stack = stacks.length
    const frame = toFrame(node.callFrame)
    stacks.push({ frame, parent, lineTicks: frame.url === '' ? [] : (node.positionTicks ?? []) })
    stackOfNode.set(id, stack)
    if (parent === -1 && node.callFrame.functionName === '(idle)') idleStack = stack
    for (const child of node.children ?? []) queue.push({ id: child, parent: stack })
  }
  return { stacks, stackOfNode, idleStack }
}

/**
 * V8 counts a function's start from 0 and says -1 for none; from here on 1 and 0. Native functions
 * have their caller's line, which means nothing without a file.
 */
export function toFrame({
  functionName,
  url,
  lineNumber,
  columnNumber,
}: V8Node['callFrame']): Frame {
  if (url === '') return { functionName, url, line: 0, column: 0 }
  return { functionName, url, line: lineNumber + 1, column: columnNumber + 1 }
}
