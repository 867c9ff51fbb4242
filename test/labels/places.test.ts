import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { runProgram } from '../program.ts'

interface Probed {
  readonly places: string[]
  readonly marks: number
  readonly broken: unknown[]
  /** What the label was in place of the truth, by place. */
  readonly wrong: Record<string, object>
  readonly leaked: Record<string, object>
  readonly missing: Record<string, object>
}

/** The flags that turn the machinery under AsyncLocalStorage around, where this Node.js has them. */
const machineries: string[][] = [[]]
for (const flag of ['--no-async-context-frame', '--experimental-async-context-frame']) {
  if (process.allowedNodeEnvironmentFlags.has(flag.replace('no-', ''))) machineries.push([flag])
}
const hooks = ['none', 'hooks', 'toggled']

const page = readFileSync(fileURLToPath(new URL('../../docs/labels.md', import.meta.url)), 'utf8')
const section = page.slice(page.indexOf('## How far'), page.indexOf('### Job queues'))
/** The first column of the table. */
const unlabelled = [...section.matchAll(/^\| (.*?) \|/gm)].map(([, place]) => place)
const labelledTooLong = ['an http upgrade']

const placesOf = (marks: object) => [
  ...new Set(Object.keys(marks).map((mark) => mark.split(':')[0])),
]

describe.concurrent.each(machineries.flatMap((flags) => hooks.map((own) => ({ flags, own }))))(
  'with flags $flags and own hooks: $own',
  ({ flags, own }) => {
    it('labels are what AsyncLocalStorage says, or none, wherever JavaScript is entered', async () => {
      const { code, stdout, stderr } = await runProgram('places.mjs', {
        args: [own],
        nodeArgs: ['--expose-gc', '--no-warnings', ...flags],
      })
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const { places, marks, broken, wrong, leaked, missing } = JSON.parse(stdout) as Probed
      expect(broken).toEqual([])
      expect(wrong).toEqual({})
      expect(labelledTooLong).toEqual(expect.arrayContaining(placesOf(leaked)))
      expect(unlabelled).toEqual(expect.arrayContaining(placesOf(missing)))
      expect(places.length).toBeGreaterThan(125)
      expect(marks).toBeGreaterThan(1000)
    })
  },
)
