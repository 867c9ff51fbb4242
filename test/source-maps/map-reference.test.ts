import { Session } from 'node:inspector/promises'
import { runInThisContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import {
  inlineMap,
  mapFileOf,
  mapReference,
  mayBeInsideReference,
} from '../../src/source-maps/map-reference.ts'

const referenceOf = (text: string) => mapReference(Buffer.from(text))?.toString()

/** The comment that V8 sees in a text. */
async function referenceByV8(text: string): Promise<string> {
  const session = new Session()
  session.connect()
  let seen = ''
  session.on('Debugger.scriptParsed', ({ params }) => {
    if (params.url.endsWith('/named.js') || params.url === 'a.ts') seen = params.sourceMapURL ?? ''
  })
  await session.post('Debugger.enable')
  runInThisContext(`function code() {}\n${text}`, { filename: '/app/named.js' })
  session.disconnect()
  return seen
}

describe('the comment that names a map', () => {
  it.each([
    ['code()\n//# sourceMappingURL=a.js.map', 'a.js.map'],
    ['code()\n//@ sourceMappingURL=a.js.map\n', 'a.js.map'],
    ['code() //# sourceMappingURL=a.js.map\r\n', 'a.js.map'],
    ['//# sourceMappingURL=a.map\ncode()\n//# sourceMappingURL=b.map', 'b.map'],
    ['code()\n//# sourceMappingURL=a.map\n//# sourceURL=a.ts\n// the end\n\n', 'a.map'],
    ['code()\r\n//# sourceMappingURL=a.map\r\n//# debugId=1\r\n', 'a.map'],
    ['code()\n//# sourceMappingURL=a.map\n// see sourceMappingURL=b.map\n', 'a.map'],
    ['code()\n//# sourceMappingURL= a.map', 'a.map'],
    ["code()\n//# sourceMappingURL=data:,%7B'%7D", "data:,%7B'%7D"],
  ])('in %j is %j', async (text, reference) => {
    expect(referenceOf(text)).toBe(reference)
    expect(await referenceByV8(text)).toBe(reference)
  })

  it.each([
    '',
    'code()',
    'sourceMappingURL=a.map',
    '//# sourceMappingURL=',
    '//# sourceMappingURL=a.map\ncode()',
    'const comment = "//# sourceMappingURL=a.map"',
    'const comment = `\n//# sourceMappingURL=a.map\n`',
    "const comment = '//# sourceMappingURL=data:,1'",
    '// sourceMappingURL=a.map',
  ])('is not in %j', (text) => {
    expect(referenceOf(text)).toBeUndefined()
  })
})

it.each(['\n', '\r\n'])('may be cut off, with lines that end with %j', (end) => {
  expect(mayBeInsideReference(Buffer.from(`AAAA${end}//# debugId=1${end}`))).toBe(true)
  expect(mayBeInsideReference(Buffer.from(`AAAA${end}code() ${end}`))).toBe(false)
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
