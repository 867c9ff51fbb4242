import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { runProgram, temporaryDirectory } from './program.ts'
import { ALL_SPANS, type LabelOptions } from './span-facts.ts'
import { judgePlaces } from './span-places.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const since22 = major >= 22 ? undefined : 'it needs Node.js 22'
const since22_15 =
  major > 22 || (major === 22 && minor >= 15) ? undefined : 'it needs Node.js 22.15'

interface App {
  readonly title: string
  readonly program: string
  /** Of its packages. */
  readonly folder: string
  /** @default `zero code` */
  readonly way?: 'zero code' | 'processor'
  /** A further argument of the program. */
  readonly variant?: string
  readonly nodeArgs?: readonly string[]
  /** @default `ALL_SPANS`, whose labels differ in each span */
  readonly options?: LabelOptions
  /** Why it cannot run here. */
  readonly unless?: string | undefined
}

const inFolder = (folder: string) => `${ROOT}test/sdk-lines/${folder}`
const SENTRY = inFolder('sentry-10')
const ON_SDK = 'that of the SDK'
const CHANNELS = 'tracing channels'
/** Set up in code, with the default labels: those of local roots. */
const WITH_PROCESSOR = { way: 'processor', options: {} } as const
/** `AsyncLocalStorage` on async hooks, as in Node.js 20 and 22. */
const WITHOUT_FRAMES = {
  nodeArgs: ['--no-async-context-frame'],
  unless: major >= 24 ? undefined : 'this Node.js has no frames, or only by a flag',
}

const apps: readonly App[] = [
  ...[
    { title: 'the SDK 1.x', folder: inFolder('1') },
    { title: 'the SDK 2.x', folder: ROOT },
    { title: 'the SDK 2.x with a processor', folder: ROOT, ...WITH_PROCESSOR },
    { title: 'the SDK 2.x without frames', folder: ROOT, ...WITHOUT_FRAMES },
    { title: 'the SDK 3.x', folder: inFolder('3'), unless: since22_15 },
  ].map((app) => ({ ...app, program: 'storage-contexts.mjs' })),
  ...[
    { title: 'Sentry' },
    { title: "Sentry with the SDK's tracer provider", variant: ON_SDK, ...WITH_PROCESSOR },
    { title: 'Sentry without frames', ...WITHOUT_FRAMES },
  ].map((app) => ({ ...app, program: 'sentry.mjs', folder: SENTRY })),
  ...[
    { title: 'Sentry in a server with GraphQL', unless: since22 },
    { title: 'Sentry with tracing channels in Express', variant: CHANNELS, unless: since22 },
    { title: 'these without frames', variant: CHANNELS, ...WITHOUT_FRAMES },
  ].map((app) => ({ ...app, program: 'sentry-server.mjs', folder: SENTRY })),
  ...[
    { title: 'dd-trace' },
    { title: 'dd-trace with a processor', ...WITH_PROCESSOR },
    { title: 'dd-trace without frames', ...WITHOUT_FRAMES },
  ].map((app) => ({ ...app, program: 'dd-trace.mjs', folder: inFolder('dd-trace-5') })),
  {
    title: "New Relic's agent",
    program: 'newrelic.mjs',
    folder: inFolder('newrelic'),
    unless: since22,
  },
  ...[
    { title: "Splunk's distribution" },
    { title: "Splunk's distribution with a processor", ...WITH_PROCESSOR },
  ].map((app) => ({ ...app, program: 'splunk.mjs', folder: inFolder('splunk') })),
  ...[{ title: '@vercel/otel' }, { title: '@vercel/otel with a processor', ...WITH_PROCESSOR }].map(
    (app) => ({ ...app, program: 'vercel.mjs', folder: inFolder('vercel') }),
  ),
]

/** So many samples take their time on a busy machine. */
const BUSY = { timeout: 120_000 }

describe.concurrent('each sample is labelled with the span that is active in', () => {
  for (const app of apps) {
    const skipped = app.unless ? ` (left out: ${app.unless})` : ''
    it.skipIf(app.unless)(`${app.title}${skipped}`, BUSY, async () => {
      const directory = temporaryDirectory()
      const options = app.options ?? ALL_SPANS
      const { code, stderr } = await run(app, options, directory)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const { places, seenPlaces, wrong, leaked, missing } = judgePlaces(directory, options)
      // V8 may take no sample of a few milliseconds, if its thread has to share a core.
      expect(seenPlaces).toBeGreaterThan(places / 2)
      expect({ wrong, leaked, missing }).toEqual({ wrong: [], leaked: [], missing: [] })
    })
  }
})

function run({ program, folder, way, variant, nodeArgs }: App, options: LabelOptions, to: string) {
  const { spanIdLabelScope = 'root-span', spanNameLabelScope = 'root-span' } = options
  const register = way === 'processor' ? [] : ['--import', 'spanprof/register']
  return runProgram(program, {
    args: [to, folder, way ?? 'zero code', variant ?? ''],
    nodeArgs: [...(nodeArgs ?? []), ...register],
    env: {
      SPANPROF_OUTPUT_DIR: to,
      SPANPROF_SAMPLING_INTERVAL_MICROS: '1000',
      SPANPROF_SPAN_ID_LABEL_SCOPE: spanIdLabelScope,
      SPANPROF_SPAN_NAME_LABEL_SCOPE: spanNameLabelScope,
    },
  })
}
