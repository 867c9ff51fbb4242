import { describe, expect, it } from 'vitest'
import { heapCheck } from '../../src/options/heap-options.ts'

describe('the interval between samples of the heap', () => {
  it.each([1024, 2 ** 30])('may be %i bytes', (samplingIntervalBytes) => {
    expect(heapCheck.check('heap', { samplingIntervalBytes })).toEqual({ samplingIntervalBytes })
  })

  it.each([0, 1023, 2 ** 30 + 1, 1024.5])('may not be %d bytes', (samplingIntervalBytes) => {
    expect(() => heapCheck.check('heap', { samplingIntervalBytes })).toThrow(
      /heap\.samplingIntervalBytes must be .*1,?024/,
    )
  })
})
