import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { decodeDirectory, having, samplesOf } from './decoded-profile.ts'
import { runProgram, temporaryDirectory } from './program.ts'
import { expectMostToBeSeen, type RecordedSpan, readFacts, spanLabels } from './span-facts.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const LINE_1 = join(ROOT, 'test', 'sdk-lines', '1')
const LINE_3 = join(ROOT, 'test', 'sdk-lines', '3')
const [major, minor] = process.versions.node.split('.').map(Number) as [number, number]
const runsLine3 = major > 22 || (major === 22 && minor >= 15)

const managers = [
  { line: 1, folder: LINE_1, manager: 'AsyncHooksContextManager', attach: false },
  { line: 2, folder: ROOT, manager: 'AsyncHooksContextManager', attach: false },
  { line: 2, folder: ROOT, manager: 'AsyncLocalStorageContextManager', attach: false },
  { line: 3, folder: LINE_3, manager: 'AsyncLocalStorageContextManager', attach: true },
]

interface Facts {
  spans: RecordedSpan[]
  /** Of checks, see `programs/context-manager-checks.mjs`. */
  count: number
  canAttach: boolean
  /** Why, by what was checked, by the circumstances. */
  failed: Record<string, Record<string, string>>
  /** Methods that are not the same as before. */
  changed: string[]
}

describe.concurrent.each(managers)(
  '$manager of SDK line $line, observed,',
  ({ line, folder, manager, attach }) => {
    const unless = line === 3 && !runsLine3 ? ' (left out: it wants Node.js 22.15)' : ''

    it.skipIf(unless)(`does all that the specification asks for${unless}`, async () => {
      const directory = temporaryDirectory()
      const args = [directory, folder, manager]
      const { code, stderr } = await runProgram('otel-context.mjs', { args })
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const { spans, ...facts } = readFacts<Facts>(directory)
      expect(facts.count).toBeGreaterThan(15)
      expect(facts.canAttach).toBe(attach)
      expect(facts.failed).toEqual({
        'without a span': {},
        'with spans': {},
        'of one kind and the other': {},
        'after the profiler has stopped': {},
      })
      expect(facts.changed, 'the original methods are back').toEqual([])

      const places = {
        with_a: 'a',
        with_b: 'b',
        with_a_again: 'a',
        after_with: undefined,
        bind_b: 'b',
        after_bind: undefined,
      }
      const attached = {
        attach_a: 'a',
        attach_b: 'b',
        attach_b_later: 'b',
        attach_a_again: 'a',
        disposed: undefined,
      }
      const samples = samplesOf(decodeDirectory(directory))
      const expected = { ...places, ...(attach && attached) }
      expectMostToBeSeen(samples, Object.keys(expected))
      for (const [place, name] of Object.entries(expected)) {
        const burnt = having(samples, place)
        const labels = name === undefined ? {} : spans.labelsOf(spans.named(name))
        for (const sample of burnt) expect(spanLabels(sample), place).toEqual(labels)
      }
    })
  },
)
