import { describe, expect, it } from 'vitest'
import { inlineMap, mapFileOf, mapReference } from '../../src/source-maps/map-reference.ts'

const referenceOf = (text: string) => mapReference(Buffer.from(text))?.toString()

describe('the comment that names a map', () => {
  it.each([
    ['code()\n//# sourceMappingURL=a.js.map', 'a.js.map'],
    ['code()\n//@ sourceMappingURL=a.js.map\n', 'a.js.map'],
    ['code() //# sourceMappingURL=a.js.map\r\n', 'a.js.map'],
    ['//# sourceMappingURL=a.map\ncode()\n//# sourceMappingURL=b.map', 'b.map'],
    ['code()\n//# sourceMappingURL=a.map\n//# sourceURL=a.ts\n// the end\n\n', 'a.map'],
  ])('in %j is %j', (text, reference) => {
    expect(referenceOf(text)).toBe(reference)
  })

  it.each([
    '',
    'code()',
    'sourceMappingURL=a.map',
    '//# sourceMappingURL=',
    '//# sourceMappingURL=a.map\ncode()',
    'const comment = "//# sourceMappingURL=a.map"',
    '// sourceMappingURL=a.map',
  ])('is not in %j', (text) => {
    expect(referenceOf(text)).toBeUndefined()
  })
})

describe('a map in the comment', () => {
  const map = '{"version":3,"names":["größe"]}'
  const base64 = Buffer.from(map).toString('base64')
  it.each([
    `data:application/json;base64,${base64}`,
    `data:application/json;charset=utf-8;base64,${base64}`,
    `data:application/json,${encodeURIComponent(map)}`,
    `data:,${encodeURIComponent(map)}`,
  ])('is read from %s', (url) => {
    expect(inlineMap(Buffer.from(url))?.toString()).toBe(map)
  })

  it('may be long', () => {
    const long = 'x'.repeat(5_000_003)
    const url = `data:application/json;base64,${Buffer.from(long).toString('base64')}`
    expect(inlineMap(Buffer.from(url))?.toString()).toBe(long)
  })

  it('is not where a file is named', () => {
    expect(inlineMap(Buffer.from('a.js.map'))).toBeUndefined()
  })
})

describe('a map in a file', () => {
  const fileOf = (url: string) => mapFileOf(Buffer.from(url), '/app/dist/a.js')
  it.each([
    ['a.js.map', '/app/dist/a.js.map'],
    ['../maps/a%20b.js.map?v=1', '/app/maps/a b.js.map'],
    ['/maps/a.js.map', '/maps/a.js.map'],
    ['file:///maps/a.js.map', '/maps/a.js.map'],
  ])('%s is %s', (url, file) => {
    expect(fileOf(url)).toBe(file)
  })

  it.each([
    'http://localhost/a.js.map',
    'https://example.com/a.js.map',
    'file://host/a.js.map',
    '//host/a.js.map',
    '\\\\host\\share\\a.js.map',
    'ftp:a',
    '%E0%A4%A',
    `${'a'.repeat(5000)}.map`,
  ])('is not %s', (url) => {
    expect(() => fileOf(url)).toThrow()
  })
})
