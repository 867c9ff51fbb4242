import { decodedMappings, TraceMap } from '@jridgewell/trace-mapping'
import { beforeAll, describe, expect, it } from 'vitest'
import { readMappings } from '../../src/source-maps/mappings.ts'
import { bundled } from './compiled.ts'

/** Segments as the specification has them, with their line. */
function segmentsOf(mappings: string, line?: number, column?: number): number[][] {
  const segments: number[][] = []
  const listener = {
    segment: (...numbers: number[]) => segments.push(numbers) > 0,
  }
  for (const _ of readMappings(Buffer.from(mappings), listener, line, column));
  return segments
}

describe('mappings', () => {
  let mappings: string
  beforeAll(async () => {
    mappings = (await bundled('src/thread/main.ts', true)).map.mappings
  })

  it('of a real bundle are read as trace-mapping reads them', () => {
    const oracle = new TraceMap({ version: 3, names: [], sources: [], mappings })
    const expected = decodedMappings(oracle).flatMap((segments, line) =>
      segments.map((segment) => {
        const [column, source = -1, sourceLine = -1, sourceColumn = -1, name = -1] = segment
        return [line, column, source, sourceLine, sourceColumn, name]
      }),
    )
    expect(expected.length).toBeGreaterThan(10_000)
    expect(segmentsOf(mappings)).toEqual(expected)
  })

  it('begin where a section does', () => {
    expect(segmentsOf('CAAA;CAAA', 3, 10)).toEqual([
      [3, 11, 0, 0, 0, -1],
      [4, 1, 0, 0, 0, -1],
    ])
  })

  it('may have segments without a source', () => {
    expect(segmentsOf('A,IAAA')).toEqual([
      [0, 0, -1, -1, -1, -1],
      [0, 4, 0, 0, 0, -1],
    ])
  })

  it('below 0 have no source', () => {
    expect(segmentsOf('AADA,IACA')).toEqual([
      [0, 0, -1, -1, -1, -1],
      [0, 4, 0, 0, 0, -1],
    ])
  })

  it.each([
    ['AA', 'two numbers'],
    ['AAA', 'three numbers'],
    ['AAAAAA', 'six numbers'],
    ['AAA!', 'a character that is no digit'],
    ['AAAé', 'another'],
    ['gggggggggggA', 'a number without end'],
    ['AAAg', 'half a number'],
  ])('%s are none: %s', (broken) => {
    expect(() => segmentsOf(broken)).toThrow(SyntaxError)
  })
})
