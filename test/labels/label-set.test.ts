import { describe, expect, it } from 'vitest'
import { type Labels, nestLabels, sortedPairs } from '../../src/labels/label-set.ts'

const counters = () => ({ labelsCut: 0, labelsDropped: 0 })

function nest(...scopes: Labels[]): string[] {
  const count = counters()
  const innermost = scopes.reduce<ReturnType<typeof nestLabels> | undefined>(
    (outer, labels) => nestLabels(outer, labels, count),
    undefined,
  )
  return sortedPairs(innermost as ReturnType<typeof nestLabels>)
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
    const outer = nestLabels(undefined, { tenant: 'acme' }, counters())
    nestLabels(outer, { tenant: 'globex', route: '/' }, counters())
    expect(sortedPairs(outer)).toEqual(['tenant', 'acme'])
  })

  it('is not changed by its maker afterwards', () => {
    const labels = { tenant: 'acme' }
    const set = nestLabels(undefined, labels, counters())
    labels.tenant = 'globex'
    expect(sortedPairs(set)).toEqual(['tenant', 'acme'])
  })

  it('takes keys that mean something to JavaScript objects', () => {
    const labels = JSON.parse('{ "__proto__": "x", "constructor": "y" }')
    expect(nest(labels)).toEqual(['__proto__', 'x', 'constructor', 'y'])
  })

  it('holds a hundred labels and counts the ones over that', () => {
    const count = counters()
    let set = nestLabels(undefined, {}, count)
    for (let i = 0; i < 150; i++) set = nestLabels(set, { [`key${i}`]: i }, count)
    expect(sortedPairs(set)).toHaveLength(200)
    expect(count.labelsDropped).toBe(50)
  })
})

describe('a text that is too long', () => {
  it('is cut and counted', () => {
    const count = counters()
    const set = nestLabels(undefined, { ['k'.repeat(2000)]: 'v'.repeat(100_000) }, count)
    expect(sortedPairs(set).map((text) => text.length)).toEqual([1024, 2048])
    expect(count.labelsCut).toBe(2)
  })

  it('is cut at a character’s edge', () => {
    const [, value = ''] = sortedPairs(
      nestLabels(undefined, { k: 'a€😀'.repeat(1000) }, counters()),
    )
    const bytes = Buffer.byteLength(value)
    expect(bytes).toBeLessThanOrEqual(2048)
    expect(bytes).toBeGreaterThan(2044)
    expect('a€😀'.repeat(1000).startsWith(value)).toBe(true)
  })

  it('is left alone up to the limit', () => {
    const count = counters()
    const value = '€'.repeat(682)
    expect(sortedPairs(nestLabels(undefined, { k: value }, count))).toEqual(['k', value])
    expect(count.labelsCut).toBe(0)
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
    expect(() => nestLabels(undefined, labels as unknown as Labels, counters())).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_LABEL', message }),
    )
  })
})

it.each([undefined, null, 'tenant=acme', 7])('%s instead of labels is refused', (labels) => {
  expect(() => nestLabels(undefined, labels as unknown as Labels, counters())).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_LABEL' }),
  )
})
