import { readFileSync } from 'node:fs'
import type { V8Node, V8Profile } from '../../src/sampler/v8-profile.ts'

/** A window of code that V8 deoptimised all the time, as that Node.js line sent it. */
export function recorded(line: 20 | 22 | 24 | 26): V8Profile {
  const file = new URL(`../fixtures/v8/node${line}.json`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8'))
}

/** A call tree from folded stacks: `{ 'main;work': 3 }` is three hits in work, called by main. */
export function callTree(hitsOfStack: Readonly<Record<string, number>>): V8Node[] {
  const nodes: (V8Node & { children: number[]; hitCount: number })[] = []
  const add = (functionName: string, url: string) => {
    const callFrame = { functionName, url, lineNumber: nodes.length, columnNumber: 4 }
    nodes.push({ id: nodes.length + 1, callFrame, hitCount: 0, children: [] })
    return nodes.length
  }
  add('(root)', '')
  const known = new Map<string, number>([['', 1]])
  for (const [stack, hits] of Object.entries(hitsOfStack)) {
    let path = ''
    let id = 1
    for (const name of stack.split(';')) {
      path += `;${name}`
      const child = known.get(path) ?? add(name, name.startsWith('(') ? '' : 'file:///app/cart.js')
      if (!known.has(path)) nodes[id - 1]?.children.push(child)
      known.set(path, child)
      id = child
    }
    const node = nodes[id - 1]
    if (node) node.hitCount = hits
  }
  return nodes
}

/** The node of a folded stack in `callTree`. */
export function idOf(nodes: readonly V8Node[], functionName: string): number {
  return nodes.find(({ callFrame }) => callFrame.functionName === functionName)?.id as number
}

/** A profile whose entries are given as `[time, function]`. */
export function profileOf(
  nodes: readonly V8Node[],
  startTime: number,
  entries: readonly (readonly [timeMicros: number, functionName: string])[],
): V8Profile {
  let before = startTime
  return {
    nodes,
    startTime,
    endTime: entries.at(-1)?.[0] ?? startTime,
    samples: entries.map(([, name]) => idOf(nodes, name)),
    timeDeltas: entries.map(([time]) => {
      const delta = time - before
      before = time
      return delta
    }),
  }
}
