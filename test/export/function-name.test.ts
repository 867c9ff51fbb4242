import { describe, expect, it } from 'vitest'
import { filePath } from '../../src/export/file-path.ts'
import { functionName, placedFunctionName } from '../../src/export/function-name.ts'

const frame = (name: string, url: string, line = 42) => ({
  functionName: name,
  url,
  line,
  column: 7,
})

describe('a function’s name', () => {
  it.each([
    ['total', 'file:///app/cart.js', 'total'],
    ['Cart.total', 'file:///app/cart.js', 'Cart.total'],
    ['', 'file:///app/src/cart.js', '(anonymous cart.js:42)'],
    ['', '/app/src/cart.cjs', '(anonymous cart.cjs:42)'],
    ['', 'C:\\app\\src\\cart.cjs', '(anonymous cart.cjs:42)'],
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
    ['', '/app/cart.js', './cart.js:(anonymous:L#42:C#7):42'],
    ['total', 'file:///lib/cart.js', '/lib/cart.js:total:42'],
    ['total', './src/cart.ts', './src/cart.ts:total:42'],
    ['listOnTimeout', 'node:internal/timers', 'node:internal/timers:listOnTimeout:42'],
    ['(garbage collector)', '', '(garbage collector)'],
    ['', '', '(anonymous:L#42:C#7)'],
    ['f', 'data:text/javascript,function f(){}', 'data:text/javascript:f:42'],
    ['next', '/app/node_modules/a/lib/b.js', './node_modules/a/lib/b.js:next:42'],
  ])('of %j in %j is %s', (name, url, expected) => {
    const options = { cwd: '/app', shortenPaths: false }
    expect(placedFunctionName(frame(name, url), options)).toBe(expected)
  })

  it.each([
    ['C:\\app\\src\\cart.js', './src/cart.js:total:42'],
    ['file:///C:/app/src/my%20cart.js', './src/my cart.js:total:42'],
    ['file:///C:/lib/cart.js', 'C:/lib/cart.js:total:42'],
    ['D:\\lib\\cart.js', 'D:/lib/cart.js:total:42'],
  ])('of Windows, %s, is %s', (url, expected) => {
    const options = { cwd: 'C:\\app', shortenPaths: false }
    expect(placedFunctionName(frame('total', url), options)).toBe(expected)
  })

  it.each([
    ['file:///app/src/cart.js', './src/cart.js:total:42'],
    ['/app/node_modules/express/lib/router.js', 'express/lib/router.js:total:42'],
    ['file:///app/node_modules/@acme/x/a.js', '@acme/x/a.js:total:42'],
    ['/app/node_modules/a/node_modules/b/c.js', 'b/c.js:total:42'],
    ['/app/node_modules/.pnpm/b@1.0.0_c@2/node_modules/b/lib/d.js', 'b/lib/d.js:total:42'],
    ['./node_modules/express/lib/router.js', 'express/lib/router.js:total:42'],
    ['/app/my_node_modules/cart.js', './my_node_modules/cart.js:total:42'],
    ['C:\\app\\node_modules\\@acme\\x\\lib\\a.js', '@acme/x/lib/a.js:total:42'],
    ['file:///C:/app/node_modules/.pnpm/b@1/node_modules/b/c.js', 'b/c.js:total:42'],
  ])('of %s, shortened, is %s', (url, expected) => {
    const options = { cwd: '/app', shortenPaths: true }
    expect(placedFunctionName(frame('total', url), options)).toBe(expected)
  })
})

describe('a function’s file', () => {
  it.each([
    ['file:///app/my%20cart.js', '/app/my cart.js'],
    ['/app/cart.cjs', '/app/cart.cjs'],
    ['file:///C:/app/my%20cart.js', 'C:\\app\\my cart.js'],
    ['C:\\app\\cart.cjs', 'C:\\app\\cart.cjs'],
    ['node:fs', 'node:fs'],
    ['data:text/javascript,export function f(){}//\n;,', 'data:text/javascript'],
    ['data:text/javascript;charset=utf-8;base64,AAAA', 'data:text/javascript'],
    ['data:,export{}', 'data:'],
    ['', ''],
    ['file://host/share/cart.js', 'file://host/share/cart.js'],
    ['file:///app/a%2Fb.js', 'file:///app/a%2Fb.js'],
  ])('of %j is %j', (url, expected) => {
    expect(filePath(url)).toBe(expected)
  })
})
