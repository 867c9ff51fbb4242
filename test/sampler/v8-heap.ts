import type { V8HeapNode } from '../../src/sampler/v8-heap-profile.ts'

let lastId = 0

/** A node of V8's tree; `name:line` with V8's 0-based line, or a name alone for what has no source. */
export function heapNode(
  place: string,
  selfSize: number,
  children: readonly V8HeapNode[] = [],
  url = 'file:///app/cart.js',
): V8HeapNode {
  const [functionName = '', line] = place.split(':')
  const hasSource = line !== undefined
  return {
    id: ++lastId,
    callFrame: {
      functionName,
      url: hasSource ? url : '',
      lineNumber: hasSource ? Number(line) : -1,
      columnNumber: hasSource ? 0 : -1,
    },
    selfSize,
    children,
  }
}
