import { expect, it } from 'vitest'
import { decodeDirectory, samplesOf, total } from './decoded-profile.ts'
import { runProgram, temporaryDirectory } from './program.ts'

it('gives every sample of a hard mix of concurrent work the label of that work', async () => {
  const directory = temporaryDirectory()
  const { code, stdout, stderr } = await runProgram('hard-mix.mjs', { args: [directory, '7000'] })
  expect(stderr).toBe('')
  expect(code).toBe(0)

  const samples = samplesOf(decodeDirectory(directory)).flatMap((sample) => {
    const job = sample.stack.find((name) => name.startsWith('burn_'))?.slice('burn_'.length)
    return job === undefined ? [] : [{ ...sample, job }]
  })
  const unlabelled = samples.filter(({ labels }) => labels.job === undefined)
  const mislabelled = samples.filter(({ job, labels }) => labels.job && labels.job !== job)
  expect(total(samples, 'count')).toBeGreaterThan(5000)
  expect(mislabelled).toEqual([])
  expect(total(unlabelled, 'count')).toBeLessThan(total(samples, 'count') / 1000)
  expect(JSON.parse(stdout)).toMatchObject({ lostLabelSamples: 0, labelFailures: 0 })
})
