import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Transport } from '../../src/sampler/transport.ts'
import { NO_MAP, NodeMaps } from '../../src/source-maps/node-maps.ts'
import { temporaryDirectory } from '../program.ts'

const URLS = ['file:///a.ts', 'file:///b.ts', 'file:///c.ts']
const NEVER = Number.POSITIVE_INFINITY

/** A thread that gives these answers, one after the other, and notes what it was asked. */
function thread(...answers: (readonly string[] | null | Error)[]) {
  const asked: string[][] = []
  const send: Transport['send'] = async (method, params) => {
    if (method === 'Runtime.evaluate') return { result: { objectId: 'global' } }
    const { arguments: given } = params as { arguments: { value: string[] }[] }
    asked.push(given[0]?.value ?? [])
    const answer = answers.shift()
    if (answer instanceof Error) throw answer
    if (answer === undefined) throw new Error('asked too often')
    return { result: { value: answer } }
  }
  const waits: number[] = []
  const wait = async (millis: number) => waits.push(millis)
  return { asked, waits, maps: new NodeMaps({ send } as Transport, wait) }
}

const found = async (maps: NodeMaps, deadline = NEVER) =>
  [...(await maps.find(URLS, deadline))].map(([url, map]) => [url, String(map)])

describe('the maps that Node keeps', () => {
  it('come in as many answers as the thread gives them', async () => {
    const { asked, waits, maps } = thread(['A', ''], ['C'])
    const all = await maps.find(URLS, NEVER)
    expect(asked).toEqual([URLS, URLS.slice(2)])
    // The app gets its turn in between.
    expect(waits).toEqual([20])
    expect(all.get('file:///a.ts')?.toString()).toBe('A')
    expect(all.get('file:///b.ts')).toBe(NO_MAP)
    expect(all.get('file:///c.ts')?.toString()).toBe('C')
  })

  it('are none where Node keeps none', async () => {
    const { asked, maps } = thread(null)
    expect(await found(maps)).toEqual(URLS.map((url) => [url, '']))
    expect(asked).toHaveLength(1)
  })

  it('are those so far when the thread ends, or the time', async () => {
    expect(await found(thread(['A'], new Error('it has ended')).maps)).toEqual([[URLS[0], 'A']])
    expect(await found(thread(['A']).maps, 0)).toEqual([])
  })
})

it('are asked for by a text that V8 can run', async () => {
  let declaration = ''
  const send: Transport['send'] = async (_, params) => {
    declaration = (params as { functionDeclaration?: string }).functionDeclaration ?? ''
    return { result: { value: null } }
  }
  await new NodeMaps({ send } as Transport).find(URLS, NEVER)
  const ask = new Function(`return (${declaration})`)()
  const wereEnabled = process.sourceMapsEnabled
  try {
    process.setSourceMapsEnabled(false)
    expect(ask(URLS, 2, 100)).toBeNull()
    process.setSourceMapsEnabled(true)
    expect(ask(URLS, 60_000, 100)).toEqual(['', '', ''])
    expect(ask(URLS, -1, 100)).toEqual([''])
  } finally {
    process.setSourceMapsEnabled(wereEnabled)
  }
})

it('are taken from Node up to a size', async () => {
  /** A thread that is this one. */
  const send: Transport['send'] = async (method, params) => {
    if (method === 'Runtime.evaluate') return { result: { objectId: 'global' } }
    const { functionDeclaration, arguments: given } = params as {
      functionDeclaration: string
      arguments: { value: unknown }[]
    }
    const declared = new Function(`return (${functionDeclaration})`)()
    return { result: { value: declared(...given.map(({ value }) => value)) } }
  }
  const wereEnabled = process.sourceMapsEnabled
  try {
    process.setSourceMapsEnabled(true)
    const [small, large] = [1000, 1_100_000].map(loadedWithMap)
    const maps = await new NodeMaps({ send } as Transport).find([small, large] as string[], NEVER)
    expect(JSON.parse(String(maps.get(small as string)))).toMatchObject({ names: ['total'] })
    expect(maps.get(large as string)).toBe(NO_MAP)
  } finally {
    process.setSourceMapsEnabled(wereEnabled)
  }
})

/** Loads code with a map whose mappings are so long. @returns where it is. */
function loadedWithMap(mappingsLength: number): string {
  const path = join(temporaryDirectory(), 'loaded.cjs')
  const mappings = 'AAAA'.padEnd(mappingsLength, ';')
  const map = JSON.stringify({ version: 3, sources: ['a.ts'], names: ['total'], mappings })
  const base64 = Buffer.from(map).toString('base64')
  const comment = `//# sourceMappingURL=data:application/json;base64,${base64}`
  writeFileSync(path, `exports.loaded = true\n${comment}\n`)
  createRequire(import.meta.url)(path)
  return path
}
