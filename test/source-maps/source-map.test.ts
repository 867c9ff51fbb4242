import {
  decodedMappings,
  FlattenMap,
  originalPositionFor,
  TraceMap,
} from '@jridgewell/trace-mapping'
import { beforeAll, describe, expect, it } from 'vitest'
import type { AskedPlace } from '../../src/source-maps/own-names.ts'
import { SourceMap } from '../../src/source-maps/source-map.ts'
import { type Bundle, bundled } from './compiled.ts'

const FILE = '/app/dist/bundle.mjs'
const NO_CODE = undefined

const place = (line: number, column: number | undefined, functionName = ''): AskedPlace => ({
  line,
  column,
  functionName,
})

const sourceMap = (map: unknown) => new SourceMap(Buffer.from(JSON.stringify(map)), FILE)

/** Places all over a text. */
function placesIn(code: string): AskedPlace[] {
  return code
    .split('\n')
    .flatMap((text, line) =>
      Array.from({ length: Math.ceil(text.length / 7) }, (_, i) => place(line, i * 7)),
    )
}

/** What trace-mapping says, in the same words. */
function oracle(map: TraceMap, { line, column }: AskedPlace) {
  const at = originalPositionFor(map, { line: line + 1, column: column ?? 0 })
  if (at.source === null) return undefined
  const source = new URL(at.source, `file://${FILE}`).pathname
  return { source, line: at.line, column: at.column + 1, name: undefined }
}

/** Those of which the map says one thing: where two segments begin in one place, both are right. */
function unambiguous(places: readonly AskedPlace[], map: TraceMap): AskedPlace[] {
  const seen = new Set<string>()
  const twice = new Set<string>()
  decodedMappings(map).forEach((segments, line) => {
    for (const [column] of segments) {
      const key = `${line}:${column}`
      if (seen.has(key)) twice.add(key)
      seen.add(key)
    }
  })
  return places.filter(({ line, column }) => !twice.has(`${line}:${column}`))
}

describe.each([{ minify: true }, { minify: false }])('the map of a bundle, %j', ({ minify }) => {
  let bundle: Bundle
  beforeAll(async () => {
    bundle = await bundled('src/thread/main.ts', minify)
  })

  it('says of every place what trace-mapping says', async () => {
    const places = placesIn(bundle.code)
    const originals = await sourceMap(bundle.map).originalsOf(places, NO_CODE)
    const map = new TraceMap(bundle.map)
    expect(originals.size).toBeGreaterThan(1000)
    for (const asked of unambiguous(places, map)) {
      expect(originals.get(asked)).toEqual(oracle(map, asked))
    }
  })

  it('says the same in sections', async () => {
    const sections = [
      { offset: { line: 0, column: 0 }, map: { ...bundle.map, mappings: 'AAAA' } },
      { offset: { line: 1, column: 9 }, map: bundle.map },
    ]
    const code = bundle.code.split('\n')
    const places = placesIn(['x', ' '.repeat(9) + code[0], ...code.slice(1)].join('\n'))
    const originals = await sourceMap({ version: 3, sections }).originalsOf(places, NO_CODE)
    const map = new FlattenMap({ version: 3, sections })
    expect(originals.size).toBeGreaterThan(1000)
    for (const asked of unambiguous(places, map)) {
      expect(originals.get(asked)).toEqual(oracle(map, asked))
    }
  })
})

const MAP = {
  version: 3,
  sources: ['../src/cart.ts'],
  names: ['calculateTotal', 'items'],
  mappings: '',
}

describe('a line', () => {
  it('comes from where its first segment with a source does', async () => {
    // Columns 0 without a source, 4 from line 3, 8 from line 4; nothing on the line after.
    const map = sourceMap({ ...MAP, mappings: 'A,IAEA,IACA;' })
    const [here, after] = [place(0, undefined), place(1, undefined)]
    const originals = await map.originalsOf([after, here], NO_CODE)
    expect(originals.get(here)).toMatchObject({ source: '/app/src/cart.ts', line: 3 })
    expect(originals.get(after)).toBeUndefined()
  })
})

describe('a function', () => {
  // A name at column 9, another at 11.
  const mappings = 'AAAA,SAASA,EAAEC'
  const nameOf = async (code: string, functionName: string, column: number) => {
    const asked = place(0, column, functionName)
    return (await sourceMap({ ...MAP, mappings }).originalsOf([asked], Buffer.from(code))).get(
      asked,
    )?.name
  }

  it('gets the name that stands for V8’s', async () => {
    expect(await nameOf('function a(b){}', 'a', 10)).toBe('calculateTotal')
    expect(await nameOf('let    , a=b=>{}', 'a', 11)).toBe('calculateTotal')
    expect(await nameOf('/*     */a=async function(){}', 'o.a', 25)).toBe('calculateTotal')
  })

  it('gets it however many names stand in between, up to what belongs to it', async () => {
    const own = 'AAAAA'
    const between = 'EAAAC,EAAAA,EAAAA,EAAAA'
    const code = Buffer.from('a=b(c(d(e(f(function(){}')
    const asked = place(0, 19, 'a')
    const map = sourceMap({ ...MAP, mappings: `${own},${between}` })
    expect((await map.originalsOf([asked], code)).get(asked)?.name).toBe('calculateTotal')
    const more = sourceMap({ ...MAP, mappings: `${own},${between},EAAAA,EAAAA` })
    expect((await more.originalsOf([asked], code)).get(asked)?.name).toBeUndefined()
  })

  it('keeps what V8 says of it beside the name: an accessor, a private method', async () => {
    expect(await nameOf('class {  a(){} }', 'get a', 10)).toBe('get calculateTotal')
    expect(await nameOf('class {  a(){} }', 'set a', 10)).toBe('set calculateTotal')
    expect(await nameOf('class {  #ee(){} }', '#ee', 12)).toBe('#calculateTotal')
    expect(await nameOf('class {  #ee(){} }', 'ee', 12)).toBeUndefined()
  })

  it('gets the name of its parenthesis, as terser has it, and of no other’s', async () => {
    expect(await nameOf('class{abc(d){} }', 'abc', 9)).toBe('calculateTotal')
    expect(await nameOf('class{abc(d){} }', 'abc', 10)).toBeUndefined()
  })

  it('on the first line is found behind a byte order mark', async () => {
    expect(await nameOf('\ufefffunction a(b){}', 'a', 10)).toBe('calculateTotal')
  })

  it('does not get the name of another one, such as its parameter', async () => {
    expect(await nameOf('function a(b){}', 'c', 11)).toBeUndefined()
    expect(await nameOf('x.map(   a,b=>{})', '', 11)).toBeUndefined()
    expect(await nameOf('function ab,(b){}', 'a', 12)).toBeUndefined()
  })
})

describe('sources', () => {
  it('that are no texts, or none to be shown, are no sources', async () => {
    const sources = [null, 7, 'x'.repeat(10_000), '', 'cart.ts']
    const map = sourceMap({ ...MAP, sources, mappings: 'AAAA;ACAA;ACAA;ACAA;ACAA;ACAA' })
    const places = sources.map((_, line) => place(line, 0))
    const originals = await map.originalsOf([...places, place(5, 0)], NO_CODE)
    expect(places.map((asked) => originals.get(asked)?.source)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      '/app/dist/cart.ts',
    ])
  })

  it('are told when there is but one', () => {
    expect(sourceMap(MAP).onlySource).toBe('/app/src/cart.ts')
    expect(sourceMap({ ...MAP, sources: ['a', 'b'] }).onlySource).toBeUndefined()
    expect(sourceMap({ ...MAP, sources: [] }).onlySource).toBeUndefined()
  })
})

it.each([")]}'\n", '\ufeff', "\ufeff)]}'\n"])('may stand behind %j', (before) => {
  const bytes = Buffer.from(`${before}${JSON.stringify(MAP)}`)
  expect(new SourceMap(bytes, FILE).onlySource).toBe('/app/src/cart.ts')
})

it('of very many sources is read a piece at a time', async () => {
  const items = 200_000
  const bytes = `{"version":3,"names":[],"sources":[${'0,'.repeat(items)}"a.ts"],"mappings":"A${vlq(items)}AA"}`
  const asked = place(0, 0)
  let [turns, finished] = [0, false]
  const originals = new SourceMap(Buffer.from(bytes), FILE).originalsOf([asked], NO_CODE)
  originals.finally(() => {
    finished = true
  })
  for (; !finished; turns++) await new Promise(setImmediate)
  expect((await originals).get(asked)?.source).toBe('/app/dist/a.ts')
  expect(turns).toBeGreaterThan(5)
})

/** A number as a map's mappings have it. */
function vlq(value: number): string {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  let [text, rest] = ['', value * 2]
  for (; rest > 31; rest = Math.floor(rest / 32)) text += digits[(rest % 32) + 32]
  return text + digits[rest]
}

it.each([
  ['nothing', ''],
  ['a web page', '<!doctype html>'],
  ['JSON of another kind', '[]'],
  ['another version', '{"version":4,"mappings":""}'],
  ['no version', '{"mappings":""}'],
  ['sections that are none', '{"version":3,"sections":7}'],
  ['sections without a place', '{"version":3,"sections":[{"map":{}}]}'],
  ['sections below 0', '{"version":3,"sections":[{"offset":{"line":-1,"column":0},"map":{}}]}'],
  [
    'sections without end',
    `{"version":3,"sections":[${Array(60_000).fill('{"offset":{"line":0,"column":0},"map":{}}')}]}`,
  ],
])('%s is no source map', (_, text) => {
  expect(() => new SourceMap(Buffer.from(text), FILE)).toThrow(SyntaxError)
})

it.each([
  ['no mappings', {}],
  ['mappings of another kind', { mappings: [['AAAA']] }],
  ['broken mappings', { mappings: 'AAAA,!' }],
  ['sources of another kind', { mappings: 'AAAA', sources: {} }],
])('with %s a map is broken', async (_, fields) => {
  const map = sourceMap({ version: 3, sources: ['a'], names: [], ...fields })
  await expect(map.originalsOf([place(0, 7)], NO_CODE)).rejects.toThrow(SyntaxError)
})
