import { describe, expect, it } from 'vitest'
import { redactor } from '../../../src/export/pyroscope/redactor.ts'

describe('a secret', () => {
  it.each([
    ['as it is', 's3<r"t/é', 's3<r"t/é'],
    ['in JSON', 's3<r"t/é', JSON.stringify('s3<r"t/é').slice(1, -1)],
    ['in the JSON of Go', 's3<r"t/é', String.raw`s3\u003cr\"t/\u00e9`],
    ['in the JSON of PHP', 's3<r"t/é', String.raw`s3\u003Cr\u0022t\/\u00E9`],
    ['in a URL', 's3<r"t/é', 's3%3Cr%22t%2F%C3%A9'],
    ['in a URL with small letters', 's3<r"t/é', 's3%3cr%22t/%c3%a9'],
    ['in a URL, escaped throughout', 's3<r', '%73%33%3c%72'],
    ['in both', 's3<r"t', String.raw`s3%3cr\"t`],
    ['in a form', 'two words', 'two+words'],
    ['with a tab', 'two\twords', String.raw`two\twords`],
    ['beyond 16 bits', 's3😀t', String.raw`s3\ud83d\ude00t`],
    ['that looks escaped', '100%41', '100%41'],
    ['in other letters', 's3cret', 'S3CRET'],
  ])('%s is taken out', (_, secret, written) => {
    expect(redactor([secret])(`a ${written} b ${written}`)).toBe('a *** b ***')
  })

  it('that holds another is taken out whole', () => {
    expect(redactor(['abc', 'abcdef', 'cde'])('abcdef abc cde abcde')).toBe('*** *** *** ***de')
  })

  it.each([
    ['wait: s3c', 'wait: '],
    ['wait: s3cret', 'wait: ***'],
    ['wait: s3%', 'wait: '],
    [String.raw`wait: s3\u00`, 'wait: '],
    ['wait: s3c ', 'wait: s3c '],
  ])('that is cut in %j is taken out', (text, shown) => {
    expect(redactor(['s3cret'])(text, { isCut: true })).toBe(shown)
  })

  it('is not looked for in half at the end of a whole text', () => {
    expect(redactor(['s3cret'])('items')).toBe('items')
  })
})
