import { describe, expect, it } from 'vitest'
import { fileName, functionName, placedFunctionName } from '../../src/export/function-name.ts'

const frame = (name: string, url: string, line = 42) => ({
  functionName: name,
  url,
  line,
  column: 1,
})

describe('a function’s name', () => {
  it.each([
    ['total', 'file:///app/cart.js', 'total'],
    ['Cart.total', 'file:///app/cart.js', 'Cart.total'],
    ['', 'file:///app/src/cart.js', '(anonymous cart.js:42)'],
    ['', '/app/src/cart.cjs', '(anonymous cart.cjs:42)'],
    ['', 'node:internal/timers', '(anonymous timers:42)'],
    ['', '', '(anonymous)'],
    ['(program)', '', '(program)'],
  ])('of %j in %j is %s', (name, url, expected) => {
    expect(functionName(frame(name, url))).toBe(expected)
  })

  it('of a module’s top level is its first line', () => {
    expect(functionName(frame('', 'file:///app/cart.js', 0))).toBe('(anonymous cart.js:1)')
  })
})

describe('a function’s name with its place', () => {
  it.each([
    ['total', 'file:///app/src/cart.js', './src/cart.js:total:42'],
    ['', '/app/cart.js', './cart.js:(anonymous):42'],
    ['total', 'file:///lib/cart.js', '../lib/cart.js:total:42'],
    ['listOnTimeout', 'node:internal/timers', 'node:internal/timers:listOnTimeout:42'],
    ['(garbage collector)', '', '(garbage collector)'],
    ['', '', '(anonymous)'],
  ])('of %j in %j is %s', (name, url, expected) => {
    expect(placedFunctionName(frame(name, url), '/app')).toBe(expected)
  })
})

describe('a function’s file', () => {
  it.each([
    ['file:///app/my%20cart.js', '/app/my cart.js'],
    ['/app/cart.cjs', '/app/cart.cjs'],
    ['node:fs', 'node:fs'],
    ['', ''],
    ['file://host/share/cart.js', 'file://host/share/cart.js'],
    ['file:///app/a%2Fb.js', 'file:///app/a%2Fb.js'],
  ])('of %j is %j', (url, expected) => {
    expect(fileName(frame('total', url))).toBe(expected)
  })
})
