import type { AllocationSite, Frame } from '../sample.js'
import { objectCount, typicalSampleBytes } from './object-count.js'
import type { V8HeapNode, V8HeapProfile } from './v8-heap-profile.js'
import { toFrame } from './window.js'

/** Turns V8's tree into the stacks that have allocated something. */
export function allocationSites(profile: V8HeapProfile, intervalBytes: number): AllocationSite[] {
  const samplesOfNode = new Map<number, number[]>()
  for (const { nodeId, size } of profile.samples) {
    const known = samplesOfNode.get(nodeId)
    if (known) known.push(size)
    else samplesOfNode.set(nodeId, [size])
  }
  const sizes = profile.samples.map(({ size }) => size)
  const typicalBytes = typicalSampleBytes(sizes, intervalBytes)
  const sites: AllocationSite[] = []
  for (const { node, frames } of nodesWithFrames(profile.head)) {
    const bytes = node.selfSize
    if (bytes === 0) continue
    // A collection while V8 writes its answer may leave a node without samples.
    const samples = samplesOfNode.get(node.id) ?? [bytes]
    sites.push({
      frames,
      bytes,
      objects: objectCount({ bytes, samples }, intervalBytes, typicalBytes),
    })
  }
  return sites
}

/** V8's root has no frame. */
function* nodesWithFrames(
  head: V8HeapNode,
): Generator<{ readonly node: V8HeapNode; readonly frames: readonly Frame[] }> {
  const pending = [{ node: head, frames: [] as readonly Frame[] }]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    yield next
    for (const node of next.node.children) {
      pending.push({ node, frames: [...next.frames, toFrame(node.callFrame)] })
    }
  }
}
