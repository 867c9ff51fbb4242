import { describe, expect, it } from 'vitest'
import { SampleContinuity } from '../../src/sampler/sample-continuity.ts'

const INTERVAL = 1024

/** Samples as `ordinal:node:size`. */
function samples(...texts: string[]) {
  return texts.map((text) => {
    const [ordinal = 0, nodeId = 0, size = 0] = text.split(':').map(Number)
    return { ordinal, nodeId, size }
  })
}

describe('samples', () => {
  it('go on where some are new and others have gone', () => {
    const continuity = new SampleContinuity(INTERVAL)
    expect(continuity.goesOn(samples('1:5:1040', '4:6:1030', '9:5:1040'))).toBe(true)
    expect(continuity.goesOn(samples('4:6:1030'))).toBe(true)
    expect(continuity.goesOn(samples('4:6:1030', '10:7:2000'))).toBe(true)
  })

  it.each([
    ['that was not there', '3:5:1040'],
    ['of another node', '4:5:1030'],
    ['of another size', '4:6:1040'],
    ['that had gone', '1:5:1040'],
  ])('do not with one from before the last reading %s', (_, sample) => {
    const continuity = new SampleContinuity(INTERVAL)
    continuity.goesOn(samples('1:5:1040', '4:6:1030', '9:5:1040'))
    continuity.goesOn(samples('4:6:1030'))
    expect(continuity.goesOn(samples(sample))).toBe(false)
  })

  it('are not of this interval where one stands for less', () => {
    expect(new SampleContinuity(INTERVAL).goesOn(samples('1:5:520'))).toBe(false)
    expect(new SampleContinuity(INTERVAL).goesOn(samples('1:5:1024'))).toBe(true)
  })
})
