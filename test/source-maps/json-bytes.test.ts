import { describe, expect, it } from 'vitest'
import { jsonFields, jsonItems } from '../../src/source-maps/json-bytes.ts'

const fieldsOf = (json: string, ...keys: string[]) =>
  Object.fromEntries(
    [...jsonFields(Buffer.from(json), new Set(keys))].map(([key, bytes]) => [
      key,
      JSON.parse(String(bytes)),
    ]),
  )
const itemsOf = (json: string) =>
  [...jsonItems(Buffer.from(json))].map((bytes) => JSON.parse(String(bytes)))

describe('JSON', () => {
  it.each([
    { a: 1, b: [1, -2.5e-7, true, false, null], c: { a: '}' } },
    { a: 'quoted " and \\', b: '\\\\', c: ']' },
    { b: '日本語 \u{1f600} é', a: { a: { b: [[], {}, [{}]] } } },
    {},
  ])('%j has its fields', (object) => {
    const { c: _, ...wanted } = object as Record<string, unknown>
    expect(fieldsOf(JSON.stringify(object), 'a', 'b')).toEqual(wanted)
    expect(fieldsOf(JSON.stringify(object, null, '\t'), 'a', 'b')).toEqual(wanted)
  })

  it.each([[[]], [[1]], [['a', ',', ['b'], { c: ']' }, null]]])('%j has its items', (array) => {
    expect(itemsOf(JSON.stringify(array))).toEqual(array)
    expect(itemsOf(JSON.stringify(array, null, ' '))).toEqual(array)
  })

  it('may be nested as deep as it likes', () => {
    const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)},"b":1}`
    expect(fieldsOf(deep, 'b')).toEqual({ b: 1 })
  })

  it.each([
    '',
    'null',
    '[]',
    '{',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,',
    '{"a":"x}',
    '{"a":[}',
    '{a:1}',
  ])('%j is no object', (json) => {
    expect(() => fieldsOf(json, 'a')).toThrow(SyntaxError)
  })

  it.each(['', '{}', '[', '[1', '[1,', '["', '[undefined]'])('%j is no array', (json) => {
    expect(() => itemsOf(json)).toThrow(SyntaxError)
  })
})
