import { expect, it } from 'vitest'
import { decodeDirectory, samplesOf, total } from './decoded-profile.ts'
import { runProgram, temporaryDirectory } from './program.ts'

/** Far less than what V8 keeps, in a recursion of any kind, and far more. */
const DEPTHS = ['40', '60', '300', '2000']
const KINDS = ['plain', 'map', 'replace']

it('stacks that V8 has cut, and no others, begin with (truncated)', async () => {
  const directory = temporaryDirectory()
  const { stdout, stderr } = await runProgram('deep-stacks.mjs', { args: [directory, ...DEPTHS] })
  expect(stderr).toBe('')
  const stats = JSON.parse(stdout)
  const profiles = decodeDirectory(directory)
  const samples = samplesOf(profiles)

  // Each recursion is called by `begin`, which a timer calls: with these frames a stack is whole.
  const recursed = samples.filter(({ labels, stack }) => labels.kind && stack.length > 30)
  for (const { stack } of recursed) {
    expect(stack.at(-1)).toBe(stack.includes('begin') ? 'processTimers' : '(truncated)')
  }
  const recursions = new Set(recursed.map(({ labels }) => `${labels.kind} ${labels.depth}`))
  expect(recursions).toEqual(
    new Set(KINDS.flatMap((kind) => DEPTHS.map((depth) => `${kind} ${depth}`))),
  )
  const truncated = recursed.filter(({ stack }) => stack.at(-1) === '(truncated)')
  const truncatedKinds = new Set(truncated.map(({ labels }) => `${labels.kind}`))
  expect(truncatedKinds).toContain('plain')
  expect(truncatedKinds).toContain('replace')

  expect(stats.truncatedSamples).toBe(total(truncated, 'count'))
  expect(profiles.map(({ comments }) => comments.at(-1))).toEqual([
    `truncated stacks: ${stats.truncatedSamples}`,
  ])
})
