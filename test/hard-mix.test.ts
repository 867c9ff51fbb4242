import { expect, it } from 'vitest'
import { decodeDirectory, samplesOf, total } from './decoded-profile.ts'
import { runProgram, temporaryDirectory } from './program.ts'

it.each([
  ['a hard mix of concurrent work', 'hard-mix.mjs', 7000, 5000],
  // One sample in a hundred is taken within a microsecond of a switch.
  ['work that switches labels every few microseconds', 'fast-mix.mjs', 2000, 1000],
])('gives every sample of %s the label of that work', async (_, program, millis, least) => {
  const directory = temporaryDirectory()
  const { code, stdout, stderr } = await runProgram(program, { args: [directory, String(millis)] })
  expect(stderr).toBe('')
  expect(code).toBe(0)

  const samples = samplesOf(decodeDirectory(directory)).flatMap((sample) => {
    const job = sample.stack.find((name) => name.startsWith('burn_'))?.slice('burn_'.length)
    return job === undefined ? [] : [{ ...sample, job }]
  })
  const unlabelled = samples.filter(({ labels }) => labels.job === undefined)
  const mislabelled = samples.filter(({ job, labels }) => labels.job && labels.job !== job)
  expect(total(samples, 'count')).toBeGreaterThan(least)
  expect(mislabelled).toEqual([])
  expect(total(unlabelled, 'count')).toBeLessThan(total(samples, 'count') / 1000)
  expect(JSON.parse(stdout)).toMatchObject({ lostLabelSamples: 0, labelFailures: 0 })
})
