import { describe, expect, it } from 'vitest'
import { decodeDirectory, having, samplesOf } from './decoded-profile.ts'
import { runProgram, temporaryDirectory } from './program.ts'
import { ALL_SPANS, type LabelOptions, spanLabels } from './span-facts.ts'

type Counts = Record<string, number>

describe.concurrent('what a request leaves in memory when its windows are closed', () => {
  it.each([
    ['processor', 'root', {}],
    ['wrapper', 'all', ALL_SPANS],
  ] as [string, string, LabelOptions][])('is nothing: %s, %s scope', async (way, _, options) => {
    const directory = temporaryDirectory()
    const { code, stderr, stdout } = await runProgram('otel-memory.mjs', {
      args: [directory, way, JSON.stringify(options)],
      nodeArgs: ['--expose-gc'],
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })

    const { kept, ...found } = JSON.parse(stdout) as Record<string, { made: Counts; alive: Counts }>
    expect(kept?.alive).toEqual({ kept: 1 })
    expect(Object.keys(found)).toEqual(['idle', 'flushed'])
    for (const [when, { made, alive }] of Object.entries(found)) {
      for (const [kind, count] of Object.entries(made)) {
        expect(count, kind).toBe(kind.startsWith('last') ? 1 : 50)
      }
      expect(alive, when).toEqual(Object.fromEntries(Object.keys(made).map((kind) => [kind, 0])))
    }

    // And it was labelled, all the while.
    const burnt = having(samplesOf(decodeDirectory(directory)), 'burn')
    const unlabelled = burnt.filter((sample) => spanLabels(sample).span_id === undefined)
    expect(burnt).not.toEqual([])
    expect(unlabelled).toEqual([])
  })
})
