import { describe, expect, it } from 'vitest'
import { LabelRegistry } from '../../src/labels/label-registry.ts'
import { type LabelSet, type Labels, merge } from '../../src/labels/label-set.ts'

function sortedPairs(set: LabelSet): string[] {
  return [...merge([], set.pairs).pairs]
}

function nest(...scopes: Labels[]): string[] {
  const registry = new LabelRegistry()
  let set: LabelSet | undefined
  for (const labels of scopes) set = registry.nest(set, labels)
  return sortedPairs(set as LabelSet)
}

describe('a label set', () => {
  it('is sorted by key', () => {
    expect(nest({ b: 'x', a: 'y' })).toEqual(['a', 'y', 'b', 'x'])
  })

  it('takes numbers as their text', () => {
    expect(nest({ shard: 3, share: 0.5 })).toEqual(['shard', '3', 'share', '0.5'])
  })

  it('keeps the labels of the scopes around it', () => {
    expect(nest({ tenant: 'acme' }, { route: '/cart' })).toEqual([
      'route',
      '/cart',
      'tenant',
      'acme',
    ])
  })

  it('goes before the scopes around it', () => {
    expect(nest({ tenant: 'acme' }, { tenant: 'globex' })).toEqual(['tenant', 'globex'])
  })

  it('removes a label by an empty value', () => {
    expect(nest({ tenant: 'acme', route: '/' }, { tenant: '' })).toEqual(['route', '/'])
    expect(nest({ tenant: '' })).toEqual([])
  })

  it('is not changed by scopes inside it', () => {
    const registry = new LabelRegistry()
    const outer = registry.nest(undefined, { tenant: 'acme' })
    registry.nest(outer, { tenant: 'globex', route: '/' })
    expect(sortedPairs(outer)).toEqual(['tenant', 'acme'])
  })

  it('is not changed by its maker afterwards', () => {
    const labels = { tenant: 'acme' }
    const set = new LabelRegistry().nest(undefined, labels)
    labels.tenant = 'globex'
    expect(sortedPairs(set)).toEqual(['tenant', 'acme'])
  })

  it('takes keys that mean something to JavaScript objects', () => {
    const labels = JSON.parse('{ "__proto__": "x", "constructor": "y" }')
    expect(nest(labels)).toEqual(['__proto__', 'x', 'constructor', 'y'])
  })

  it('holds a hundred labels and counts the ones over that', () => {
    const registry = new LabelRegistry()
    let set = registry.nest(undefined, {})
    for (let i = 0; i < 150; i++) set = registry.nest(set, { [`key${i}`]: i })
    expect(sortedPairs(set)).toHaveLength(200)
    expect(registry.counters.labelsDropped).toBe(50)
    registry.nest(set, { key149: 149 })
    expect(registry.counters.labelsDropped).toBe(51)
  })
})

function registered(labels: Labels) {
  const registry = new LabelRegistry()
  return { set: registry.nest(undefined, labels), counters: registry.counters }
}

describe('equal labels', () => {
  it('are the same set, wherever they come from', () => {
    const registry = new LabelRegistry()
    const set = () => registry.nest(registry.nest(undefined, { a: 1, b: 2 }), { c: '3' })
    expect(set()).toBe(set())
    expect(registry.nest(undefined, { a: '1', b: '2', c: 3 })).toBe(set())
  })

  it('are equal by all they hold', () => {
    const registry = new LabelRegistry()
    expect(registry.nest(undefined, { a: 'b' })).not.toBe(registry.nest(undefined, { a: 'c' }))
    expect(registry.nest(undefined, { ab: 'c' })).not.toBe(registry.nest(undefined, { a: 'bc' }))
  })

  it('stay right when there are always new ones', () => {
    const registry = new LabelRegistry()
    const outer = registry.nest(undefined, { server: 'a' })
    for (let i = 0; i < 5000; i++) {
      expect(sortedPairs(registry.nest(outer, { request: i }))).toEqual([
        'request',
        String(i),
        'server',
        'a',
      ])
    }
  })
})

it('forgets sets, so that always new values do not pile up', async () => {
  const { setFlagsFromString } = await import('node:v8')
  const { runInNewContext } = await import('node:vm')
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const registry = new LabelRegistry()
  const outer = registry.nest(undefined, { server: 'a' })
  const references = Array.from({ length: 5000 }, (_, i) => {
    return new WeakRef(registry.nest(outer, { request: `${i} `.repeat(20) }))
  })
  await new Promise(setImmediate)
  collectGarbage()
  const alive = references.filter((reference) => reference.deref() !== undefined)
  expect(alive.length).toBeLessThanOrEqual(257)
})

describe('a text that is too long', () => {
  it('is cut and counted', () => {
    const { counters, set } = registered({ ['k'.repeat(2000)]: 'v'.repeat(100_000) })
    expect(sortedPairs(set).map((text) => text.length)).toEqual([1024, 2048])
    expect(counters.labelsCut).toBe(2)
  })

  it('is cut at a character’s edge', () => {
    const [, value = ''] = sortedPairs(registered({ k: 'a€😀'.repeat(1000) }).set)
    const bytes = Buffer.byteLength(value)
    expect(bytes).toBeLessThanOrEqual(2048)
    expect(bytes).toBeGreaterThan(2044)
    expect('a€😀'.repeat(1000).startsWith(value)).toBe(true)
  })

  it('is left alone up to the limit', () => {
    const value = '€'.repeat(682)
    const { counters, set } = registered({ k: value })
    expect(sortedPairs(set)).toEqual(['k', value])
    expect(counters.labelsCut).toBe(0)
  })
})

describe.each([
  ['undefined', { k: undefined }, "label 'k' must be a string or a number, received undefined"],
  ['null', { k: null }, "label 'k' must be a string or a number, received null"],
  ['an object', { k: {} }, "label 'k' must be a string or a number, received an object"],
  ['a boolean', { k: true }, "label 'k' must be a string or a number, received the boolean true"],
  ['an empty key', { '': 'x' }, 'a label key must not be empty'],
])('%s', (_, labels, message) => {
  it('is refused at the call', () => {
    expect(() => registered(labels as unknown as Labels)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_LABEL', message }),
    )
  })
})

it.each([undefined, null, 'tenant=acme', 7])('%s instead of labels is refused', (labels) => {
  expect(() => registered(labels as unknown as Labels)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_LABEL' }),
  )
})
