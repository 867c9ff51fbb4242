import { expect, it } from 'vitest'
import { stripFilenames } from '../../src/export/stripped-files.ts'

const URLS = [
  'file:///app/src/cart.js',
  'file:///app/node_modules/a/lib/b.js',
  'C:\\app\\node_modules\\@acme\\x\\lib\\a.js',
  '/app/node_modules/.pnpm/b@1.0.0/node_modules/b/c.js',
  './node_modules/bundled/d.js',
  'node_modules/bundled/e.js',
  '/app/my_node_modules/cart.js',
  'node:fs',
]
const locations = URLS.map((url) => ({
  frame: { functionName: 'total', url, line: 3, column: 1 },
  line: 5,
}))
const kept = (whose: 'all' | 'dependencies') =>
  stripFilenames(locations, whose).flatMap(({ frame }) => (frame.fileStripped ? [] : frame.url))

it('leaves out the names of all files', () => {
  expect(kept('all')).toEqual([])
})

it('leaves out those of dependencies alone', () => {
  expect(kept('dependencies')).toEqual([
    'file:///app/src/cart.js',
    '/app/my_node_modules/cart.js',
    'node:fs',
  ])
})

it('keeps everything else of a location', () => {
  expect(stripFilenames(locations, 'all')[0]).toEqual({
    frame: { functionName: 'total', url: URLS[0], line: 3, column: 1, fileStripped: true },
    line: 5,
  })
})

it('takes a source for what its compiled file is', () => {
  const moved = ['/home/they/a/src/b.ts', '/app/src/cart.ts'].map((url, i) => ({
    frame: { functionName: 'total', url, line: 3, column: 1 },
    line: 5,
    compiledUrl: i === 0 ? '/app/node_modules/a/lib/b.js' : '/app/dist/cart.js',
  }))
  const stripped = stripFilenames(moved, 'dependencies')
  expect(stripped.map(({ frame }) => frame.fileStripped)).toEqual([true, undefined])
})
