import { describe, expect, it } from 'vitest'
import { allocationSites } from '../../src/sampler/allocation-sites.ts'
import { heapNode } from './v8-heap.ts'

const INTERVAL = 1024

describe('allocation sites', () => {
  it('are the nodes that allocated, with their callers, the outermost first', () => {
    const head = heapNode('(root)', 0, [
      heapNode('main:9', 0, [heapNode('total:41', 4096), heapNode('tax:50', 2048)]),
    ])
    const sites = allocationSites({ head, samples: [] }, INTERVAL)
    const texts = sites.map(({ frames, bytes }) => [
      frames.map(({ functionName, line }) => `${functionName}:${line}`).join(' > '),
      bytes,
    ])
    expect(texts.sort()).toEqual([
      ['main:10 > tax:51', 2048],
      ['main:10 > total:42', 4096],
    ])
  })

  it('keep the names that V8 gives to what is no function', () => {
    const head = heapNode('(root)', 0, [heapNode('(V8 API)', 1024), heapNode('(PARSER)', 1024)])
    const sites = allocationSites({ head, samples: [] }, INTERVAL)
    expect(sites.map(({ frames }) => frames)).toEqual([
      [{ functionName: '(PARSER)', url: '', line: 0, column: 0 }],
      [{ functionName: '(V8 API)', url: '', line: 0, column: 0 }],
    ])
  })

  it('count the objects by the samples of their node', () => {
    const two = heapNode('two:1', 200_000)
    const one = heapNode('one:1', 300_000)
    const samples = [
      { size: 100_000, nodeId: two.id, ordinal: 7 },
      { size: 300_000, nodeId: one.id, ordinal: 8 },
      { size: 100_000, nodeId: two.id, ordinal: 9 },
    ]
    const sites = allocationSites({ head: heapNode('(root)', 0, [one, two]), samples }, INTERVAL)
    const objects = sites.map(({ frames, objects }) => [
      frames[0]?.functionName,
      Math.round(objects),
    ])
    expect(objects.sort()).toEqual([
      ['one', 1],
      ['two', 2],
    ])
  })

  it('count the objects of a node whose samples a collection took as one sample', () => {
    const head = heapNode('(root)', 0, [heapNode('gone:1', 100_000)])
    expect(allocationSites({ head, samples: [] }, INTERVAL).map(({ objects }) => objects)).toEqual([
      expect.closeTo(1, 5),
    ])
  })
})
