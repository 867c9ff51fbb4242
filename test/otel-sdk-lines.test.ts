import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { decodeDirectory, having, samplesOf } from './decoded-profile.ts'
import { runProgram, temporaryDirectory } from './program.ts'
import { expectMostToBeSeen, type RecordedSpan, readFacts, spanLabels } from './span-facts.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const LINES = fileURLToPath(new URL('./sdk-lines', import.meta.url))
const [major, minor] = process.versions.node.split('.').map(Number) as [number, number]

interface Line {
  readonly line: string
  readonly folder: string
  readonly contextManagers: readonly string[]
  /** Why it cannot run here. */
  readonly unless?: string | undefined
}

/** The default is the `AsyncLocalStorageContextManager`. */
const STORAGE = ['default', 'own']
const lines: readonly Line[] = [
  {
    line: '1',
    folder: join(LINES, '1'),
    contextManagers: [...STORAGE, 'AsyncHooksContextManager'],
  },
  {
    line: '2',
    folder: ROOT,
    contextManagers: [...STORAGE, 'own, of two ways in', 'AsyncHooksContextManager'],
  },
  {
    line: '3',
    folder: join(LINES, '3'),
    contextManagers: STORAGE,
    unless: major > 22 || (major === 22 && minor >= 15) ? undefined : 'it wants Node.js 22.15',
  },
]

const combinations = lines.flatMap((line) => [
  ...line.contextManagers.map((manager) => ({ ...line, way: 'processor', manager })),
  { ...line, way: 'wrapper', manager: 'default' },
  { ...line, way: 'both', manager: 'default' },
  { ...line, way: 'none', manager: 'default' },
])

/** Where which labels are in force; what is in no span has none. */
const EXPECTED = {
  handler: 'GET /line',
  afterWait: 'GET /line',
  child: 'GET /line',
  childAfterWait: 'GET /line',
  bare: undefined,
  bound: 'GET /line',
  alone: 'alone',
  inner: 'alone',
  aloneAgain: 'alone',
  afterAll: undefined,
}

describe.concurrent.each(combinations)(
  'SDK line $line joined by a $way, context manager $manager',
  ({ line, folder, way, manager, unless }) => {
    it.skipIf(unless)(`labels samples with their spans${unless ? `: ${unless}` : ''}`, async () => {
      const directory = temporaryDirectory()
      const { code, stderr } = await runProgram('otel-line.mjs', {
        args: [directory, folder, way, manager],
        ...(way === 'none' && {
          nodeArgs: ['--import', 'spanprof/register'],
          env: { SPANPROF_OUTPUT_DIR: directory, SPANPROF_SAMPLING_INTERVAL_MICROS: '1000' },
        }),
      })
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const { spans, apiVersion } = readFacts<{ spans: RecordedSpan[]; apiVersion: string }>(
        directory,
      )
      const samples = samplesOf(decodeDirectory(directory))
      expectMostToBeSeen(samples, Object.keys(EXPECTED))
      for (const [place, name] of Object.entries(EXPECTED)) {
        const burnt = having(samples, place)
        const labels = name === undefined ? {} : spans.labelsOf(spans.named(name))
        for (const sample of burnt) expect(spanLabels(sample), place).toEqual(labels)
      }
      expect(spans.named('GET /line').traceId).toBe('0af7651916cd43dd8448eb211c80319c')
      for (const span of spans.spans) {
        const isRoot = spans.localRootOf(span) === span
        expect(span.attributes['pyroscope.profile.id']).toBe(isRoot ? span.spanId : undefined)
      }

      // The line 3 is also two copies of the API, of which the app's is the newer.
      expect(apiVersion).toBe(apiVersionIn(folder))
      if (line === '3') expect(apiVersion).not.toBe(apiVersionIn(ROOT))
    })
  },
)

function apiVersionIn(folder: string): string {
  const manifest = join(folder, 'node_modules', '@opentelemetry', 'api', 'package.json')
  return JSON.parse(readFileSync(manifest, 'utf8')).version
}

describe.concurrent('the lock files', () => {
  it.each(['.', ...readdirSync(LINES).map((line) => `test/sdk-lines/${line}`)])(
    'name no registry: %s',
    (folder) => {
      const lock = readFileSync(join(ROOT, folder, 'package-lock.json'), 'utf8')
      expect(lock).not.toMatch(/"resolved": "https?:/)
    },
  )
})
