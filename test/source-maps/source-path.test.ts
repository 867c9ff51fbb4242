import { expect, it } from 'vitest'
import { sourcePath } from '../../src/source-maps/source-path.ts'

const MAP = '/app/dist/cart.js.map'

it.each([
  ['', '../src/cart.ts', '/app/src/cart.ts'],
  ['', 'my%20cart.ts', '/app/dist/my cart.ts'],
  ['', '100%.ts', '/app/dist/100%.ts'],
  ['', '[id]/page #1.tsx', '/app/dist/[id]/page #1.tsx'],
  ['', '/src/cart.ts', '/src/cart.ts'],
  ['', 'file:///src/my%20cart.ts', '/src/my cart.ts'],
  ['../src', 'cart.ts', '/app/src/cart.ts'],
  ['../src/', 'cart.ts', '/app/src/cart.ts'],
  ['/src', 'cart.ts', '/src/cart.ts'],
  ['/src', '/lib/cart.ts', '/lib/cart.ts'],
  ['webpack://shop/', './src/cart.ts', './src/cart.ts'],
  ['', 'webpack://shop/./src/cart.ts', './src/cart.ts'],
  ['', 'webpack://@acme/shop/./src/cart.ts', './src/cart.ts'],
  ['', 'webpack:///./src/cart.vue?1a2b', './src/cart.vue'],
  ['', 'webpack://shop/../lib/cart.ts', '../lib/cart.ts'],
  ['', 'webpack://shop/./node_modules/a/b.js', './node_modules/a/b.js'],
  ['', 'webpack://shop/webpack/bootstrap', './webpack/bootstrap'],
  ['', 'webpack://@acme/shop/../lib/src/cart.ts', '../lib/src/cart.ts'],
  ['', 'webpack://@acme/shop/webpack/bootstrap', './webpack/bootstrap'],
  ['', 'webpack:////src/cart.ts', '/src/cart.ts'],
  ['', 'turbopack:///[project]/src/cart.ts', './src/cart.ts'],
  ['', 'https://example.com/cart.ts', 'https://example.com/cart.ts'],
  ['', '../../../../../etc/passwd', '/etc/passwd'],
  ['', 'C:/src/cart.ts', 'C:\\src\\cart.ts'],
  ['', '\0rolldown/runtime.js', 'rolldown/runtime.js'],
])('with the root %j, %j is %j', (sourceRoot, source, path) => {
  expect(sourcePath(MAP, sourceRoot, source)).toBe(path)
})

it.each([
  ['../src/cart.ts', 'C:\\app\\src\\cart.ts'],
  ['D:\\src\\cart.ts', 'D:\\src\\cart.ts'],
  ['file:///D:/src/cart.ts', 'D:\\src\\cart.ts'],
])('beside a map of Windows, %j is %j', (source, path) => {
  expect(sourcePath('C:\\app\\dist\\cart.js.map', '', source)).toBe(path)
})

it.each([
  ['/app/node_modules/a/dist/a.js.map', './src/a.ts', '/app/node_modules/a/src/a.ts'],
  ['/app/node_modules/@acme/a/a.js.map', './src/a.ts', '/app/node_modules/@acme/a/src/a.ts'],
  [
    '/app/node_modules/.pnpm/a@1/node_modules/a/a.js',
    './a.ts',
    '/app/node_modules/.pnpm/a@1/node_modules/a/a.ts',
  ],
  ['/app/node_modules/a/a.js', '../shared/b.ts', '/app/node_modules/a/shared/b.ts'],
  ['/app/node_modules/a/a.js', '/home/they/a.ts', '/home/they/a.ts'],
  ['/app/node_modules/.cache/x/a.js', './src/a.ts', './src/a.ts'],
  ['/app/my_node_modules/a/a.js', './src/a.ts', './src/a.ts'],
  ['C:\\app\\node_modules\\a\\dist\\a.js', './src/a.ts', 'C:\\app\\node_modules\\a\\src\\a.ts'],
])('of a bundle that is %s, %s is %s', (mapFile, source, path) => {
  const named = source.startsWith('/') ? `webpack:///${source}` : `webpack://a/${source}`
  expect(sourcePath(mapFile, '', named)).toBe(path)
})
