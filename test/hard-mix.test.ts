import { expect, it } from 'vitest'
import { decodeDirectory, samplesOf, total } from './decoded-profile.ts'
import { runProgram, temporaryDirectory } from './program.ts'

/** So many samples take their time on a busy machine. */
const BUSY = { timeout: 180_000 }

it.each([
  ['a hard mix of concurrent work', 'hard-mix.mjs', 6000, 4000],
  // Many a sample is taken within a microsecond or two of a switch.
  ['work that switches labels every few microseconds', 'fast-mix.mjs', 2500, 1000],
])('gives every sample of %s the label of that work', BUSY, async (_, program, wanted, least) => {
  const directory = temporaryDirectory()
  const { code, stdout, stderr } = await runProgram(program, { args: [directory, String(wanted)] })
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
