import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Location } from '../../src/export/profile.ts'
import { NO_MAP, type NodeMaps } from '../../src/source-maps/node-maps.ts'
import { SourceMaps } from '../../src/source-maps/source-maps.ts'
import { runProgram, temporaryDirectory } from '../program.ts'

/** Lines 1 and 2 of the code are lines 11 and 12 of the source; `a` was `total` in both. */
const MAP = {
  version: 3,
  sources: ['../src/cart.ts'],
  names: ['total'],
  mappings: 'AAUA,SAASA,CAAC;AACV,SAASA,CAAC',
}
const CODE = 'function a() {}\nfunction a() {}\n'

const inline = (map: object, code = CODE) =>
  `${code}//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`

interface Told {
  readonly maps: SourceMaps
  readonly counts: { read: number; failed: number; late: number }
  /** What Node was asked for. */
  readonly asked: string[]
}

function sourceMaps(fromNode: Readonly<Record<string, string>> = {}, clock?: () => number): Told {
  const counts = { read: 0, failed: 0, late: 0 }
  const asked: string[] = []
  const find: NodeMaps['find'] = async (urls) => {
    asked.push(...urls)
    return new Map(urls.map((url) => [url, fromNode[url] ? Buffer.from(fromNode[url]) : NO_MAP]))
  }
  const report = {
    read: () => counts.read++,
    failed: () => counts.failed++,
    late: () => counts.late++,
  }
  const maps = new SourceMaps({ find } as NodeMaps, report, clock)
  return { maps, counts, asked }
}

/** A function `a` that starts on a line of a file. */
const location = (url: string, line = 1, functionName = 'a'): Location => ({
  frame: { functionName, url, line, column: 11 },
  line,
})

/** A file in a directory `dist` of its own. */
function file(content: string, name = 'cart.js'): string {
  const dist = join(temporaryDirectory(), 'dist')
  mkdirSync(dist)
  writeFileSync(join(dist, name), content)
  return join(dist, name)
}

const shown = ({ frame, line }: Location) =>
  `${frame.functionName} ${frame.url.replace(/^.*[\\/](?=[^\\/]+[\\/][^\\/]+$)/, '')}:${frame.line}:${line}`

async function shownOf({ maps }: Told, ...locations: Location[]): Promise<string[]> {
  return (await maps.locationsOf(locations)).map(shown)
}

describe('a location', () => {
  it('is shown in the source, by an inline map', async () => {
    const path = file(inline(MAP))
    expect(await shownOf(sourceMaps(), location(path), location(path, 2))).toEqual([
      'total src/cart.ts:11:11',
      'total src/cart.ts:12:12',
    ])
  })

  it('is shown in the source, by a map beside the file and with a URL', async () => {
    const path = file(`${CODE}//# sourceMappingURL=my%20map.json\n`, 'my cart.js')
    writeFileSync(join(path, '../my map.json'), JSON.stringify(MAP))
    const url = `${pathToFileURL(path)}?v=1`
    expect(await shownOf(sourceMaps(), location(url))).toEqual(['total src/cart.ts:11:11'])
  })

  it('is shown in the source, by a map beside a file that does not name it', async () => {
    const path = file(CODE)
    writeFileSync(`${path}.map`, JSON.stringify(MAP))
    expect(await shownOf(sourceMaps(), location(path))).toEqual(['total src/cart.ts:11:11'])
  })

  it('is found however long an inline map or the code before it is', async () => {
    const told = sourceMaps()
    // The comment begins at each of these distances from the end of the file.
    for (let padding = 3900; padding < 4150; padding += 5) {
      const padded = { ...MAP, file: 'x'.repeat(padding - 1000) }
      const path = file(inline(padded, CODE + 'x()\n'.repeat(5000)))
      expect(await shownOf(told, location(path))).toEqual(['total src/cart.ts:11:11'])
    }
  })

  it('stays where there is no map, at no cost', async () => {
    const told = sourceMaps()
    const urls = [file(CODE), 'node:fs', '', 'evalmachine.<anonymous>', '/gone/away.js']
    const locations = urls.map((url) => location(url))
    expect(await told.maps.locationsOf(locations)).toEqual(locations)
    expect(told.counts).toEqual({ read: 0, failed: 0, late: 0 })
  })

  it('stays where the map has nothing for it', async () => {
    const path = file(inline(MAP))
    const glue = location(path, 3)
    expect(await sourceMaps().maps.locationsOf([glue])).toEqual([glue])
  })

  it('on the top level is in the only source', async () => {
    const path = file(inline(MAP))
    const top = { frame: { functionName: '', url: path, line: 1, column: 1 }, line: 1 }
    const ran = { ...top, line: 2 }
    expect(await shownOf(sourceMaps(), top, ran)).toEqual([' src/cart.ts:0:0', ' src/cart.ts:0:12'])
  })

  it('on the top level of a bundle is in the source that ran, if it is known', async () => {
    const path = file(inline({ ...MAP, sources: ['../src/cart.ts', '../src/main.ts'] }))
    const top = { frame: { functionName: '', url: path, line: 1, column: 1 }, line: 1 }
    const ran = { ...top, line: 2 }
    expect(await shownOf(sourceMaps(), top, ran)).toEqual([
      ' dist/cart.js:1:1',
      ' src/cart.ts:0:12',
    ])
  })

  it('is where its function starts, when its line is of another function', async () => {
    // Line 2 comes from line 5 of another source, line 3 from line 1 of the function's.
    const mappings = 'AAEA,SAASA,CAAC;ACEV;ADJA'
    const path = file(inline({ ...MAP, sources: ['../src/a.ts', '../src/b.ts'], mappings }))
    const lines = [2, 3].map((line) => ({ ...location(path), line }))
    expect(await shownOf(sourceMaps(), ...lines)).toEqual([
      'total src/a.ts:3:3',
      'total src/a.ts:3:3',
    ])
  })
})

describe('maps', () => {
  it('are read once', async () => {
    const told = sourceMaps()
    const path = file(inline(MAP))
    for (let i = 0; i < 3; i++) await shownOf(told, location(path), location(path, 2))
    expect(told.counts).toEqual({ read: 1, failed: 0, late: 0 })
  })

  it('of a file that was replaced are not asked, as the code that runs is the one from before', async () => {
    const told = sourceMaps()
    const path = file(inline(MAP))
    await shownOf(told, location(path))
    const release = inline({ ...MAP, names: ['other'] })
    expect(release).toHaveLength(inline(MAP).length)
    writeFileSync(path, release)
    utimesSync(path, 1, 1)
    for (let i = 0; i < 2; i++) {
      expect(await shownOf(told, location(path), location(path, 2))).toEqual([
        'total src/cart.ts:11:11',
        'a dist/cart.js:2:2',
      ])
    }
    expect(told.counts).toEqual({ read: 1, failed: 1, late: 0 })
  })

  it('of a replaced file are read where a loader loads it under another URL', async () => {
    const told = sourceMaps()
    const path = file(inline(MAP))
    const url = (version: number) => `${pathToFileURL(path)}?v=${version}`
    await shownOf(told, location(url(1)))
    writeFileSync(path, inline({ ...MAP, names: ['grandTotal'] }))
    expect(await shownOf(told, location(url(1)), location(url(2), 2))).toEqual([
      'total src/cart.ts:11:11',
      'grandTotal src/cart.ts:12:12',
    ])
    expect(told.counts).toEqual({ read: 2, failed: 0, late: 0 })
  })

  it('that have vanished leave what they answered', async () => {
    const told = sourceMaps()
    const path = file(CODE)
    writeFileSync(`${path}.map`, JSON.stringify(MAP))
    await shownOf(told, location(path))
    rmSync(`${path}.map`)
    for (let i = 0; i < 2; i++) {
      expect(await shownOf(told, location(path), location(path, 2))).toEqual([
        'total src/cart.ts:11:11',
        'a dist/cart.js:2:2',
      ])
    }
  })

  it('answer what is asked later', async () => {
    const told = sourceMaps()
    const path = file(inline(MAP))
    await shownOf(told, location(path))
    expect(await shownOf(told, location(path, 2))).toEqual(['total src/cart.ts:12:12'])
    expect(told.counts.read).toBe(1)
  })

  it('are Node’s where a loader compiled the file', async () => {
    const path = file('const source = "is no code"')
    const told = sourceMaps({ [path]: JSON.stringify({ ...MAP, sources: [path] }) })
    expect(await shownOf(told, location(path))).toEqual(['a dist/cart.js:11:11'])
    // Whoever edits the file does not change what Node has loaded.
    writeFileSync(path, 'const source = "is no code either"')
    expect(await shownOf(told, location(path, 2))).toEqual(['a dist/cart.js:12:12'])
    expect(told.counts).toEqual({ read: 1, failed: 0, late: 0 })
    expect(told.asked).toEqual([path])
  })

  it('are not asked of Node for a large file, as it would decode them on the app’s thread', async () => {
    const [small, large] = [256, 257].map((kib) => file(' '.repeat(kib << 10))) as [string, string]
    const told = sourceMaps()
    await shownOf(told, location(small), location(large))
    expect(told.asked).toEqual([small])
  })

  it('that there is no time for are read with the next profile', async () => {
    let [now, perLook] = [0, 900]
    const told = sourceMaps({}, () => {
      now += perLook
      return now
    })
    const locations = [1, 2].map(() => location(file(inline(MAP))))
    const [source, compiled] = ['total src/cart.ts:11:11', 'a dist/cart.js:1:1']
    expect(await shownOf(told, ...locations)).toEqual([source, compiled])
    expect(told.counts).toEqual({ read: 1, failed: 0, late: 1 })
    perLook = 0
    expect(await shownOf(told, ...locations)).toEqual([source, source])
    expect(told.counts).toEqual({ read: 2, failed: 0, late: 1 })
  })

  it('are waited for, and then asked for again, while Node does not answer', async () => {
    const path = file(CODE)
    let answers: ReadonlyMap<string, Buffer> = new Map()
    const counts = { late: 0 }
    const find = async () => answers
    const report = { read() {}, failed() {}, late: () => counts.late++ }
    const maps = new SourceMaps({ find } as unknown as NodeMaps, report)
    expect((await maps.locationsOf([location(path)])).map(shown)).toEqual(['a dist/cart.js:1:1'])
    expect(counts.late).toBe(1)
    answers = new Map([[path, Buffer.from(JSON.stringify(MAP))]])
    expect((await maps.locationsOf([location(path)])).map(shown)).toEqual(['a src/cart.ts:11:11'])
  })
})

describe('a map that cannot be read is skipped and counted once:', () => {
  const beside = (content: string | Buffer) => (path: string) =>
    writeFileSync(`${path}.map`, content)
  const huge = (path: string) => {
    writeFileSync(path, '{"version":3,')
    truncateSync(path, 33 << 20)
  }
  it.each<[string, string, (path: string) => void]>([
    ['it is missing', 'cart.js.map', () => {}],
    ['it is empty', 'cart.js.map', beside('')],
    ['it is no JSON', 'cart.js.map', beside('<!doctype html>')],
    ['it ends too early', 'cart.js.map', beside(JSON.stringify(MAP).slice(0, -5))],
    ['it is of another version', 'cart.js.map', beside('{"version":2,"mappings":"AAAA"}')],
    ['it is too large', 'cart.js.map', (path) => huge(`${path}.map`)],
    ['its mappings are broken', 'cart.js.map', beside(JSON.stringify({ ...MAP, mappings: '!' }))],
    ['it is nested without end', 'cart.js.map', beside(`{"sources":${'['.repeat(1_000_000)}`)],
    ['it is a directory', '.', () => {}],
    ['it is a device', '/dev/zero', () => {}],
    ['it is a pipe', 'pipe', (path) => execFileSync('mkfifo', [join(path, '../pipe')])],
    ['it is on a server', 'http://127.0.0.1:9/cart.js.map', () => {}],
    ['it is on another host', '//host/cart.js.map', () => {}],
    ['its URL is broken', '%E0%A4%A.map', () => {}],
    ['it is inline and broken', 'data:application/json;base64,AAAA', () => {}],
    ['it is inline and no URI', 'data:application/json,%E0%A4%A', () => {}],
  ])('%s', async (_, url, prepare) => {
    const path = file(`${CODE}//# sourceMappingURL=${url}\n`)
    prepare(path)
    const told = sourceMaps()
    const asked = [location(path), location(path, 2)]
    expect(await told.maps.locationsOf(asked)).toEqual(asked)
    expect(await told.maps.locationsOf(asked)).toEqual(asked)
    expect(told.counts).toEqual({ read: 0, failed: 1, late: 0 })
  })

  it('and the others are read all the same', async () => {
    const told = sourceMaps()
    const broken = location(file('//# sourceMappingURL=gone.map'))
    const [moved] = (await told.maps.locationsOf([location(file(inline(MAP))), broken])).map(shown)
    expect(moved).toBe('total src/cart.ts:11:11')
    expect(told.counts).toEqual({ read: 1, failed: 1, late: 0 })
  })
})

it('a source tells which file it was compiled from', async () => {
  const path = file(inline(MAP))
  const top = { frame: { functionName: '', url: path, line: 1, column: 1 }, line: 1 }
  const moved = await sourceMaps().maps.locationsOf([location(path), top])
  expect(moved).toMatchObject([{ compiledUrl: path }, { compiledUrl: path }])
})

describe('a source outside of everything', () => {
  it('is a text, and nothing more', async () => {
    const path = file(inline({ ...MAP, sources: ['../../../../../../../../etc/passwd'] }))
    expect(await shownOf(sourceMaps(), location(path))).toEqual(['total etc/passwd:11:11'])
  })
})

it('a map of 30 MB, or one of 20 MB inline, fits into a heap of 24 MB', async () => {
  const { stdout, stderr } = await runProgram('large-map.mjs', { args: [temporaryDirectory()] })
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual({ read: 2, failed: 0, late: 0 })
})
