import { expect, it } from 'vitest'
import { wordsAt } from '../../src/source-maps/code-words.ts'

const TEXT = 'a=1\nconst größe=f("日本\u{1f600}"),$_b=2\r\n\nlast'

it('begin behind a byte order mark, may be private, and may be a parenthesis', () => {
  const columns = [0, 6, 8].map((column) => ({ line: 0, column }))
  const words = wordsAt(Buffer.from('\ufeffclass #e(b)'), columns)
  expect(columns.map((column) => words.get(column))).toEqual(['class', '#e', '('])
})

it('are read at columns of UTF-16, in any order', () => {
  const columns = [
    [3, 0],
    [1, TEXT.split('\n')[1]?.indexOf('$_b') as number],
    [0, 0],
    [1, 6],
    [1, 12],
    [9, 0],
  ].map(([line, column]) => ({ line: line as number, column: column as number }))
  const words = wordsAt(Buffer.from(TEXT), columns)
  expect(columns.map((column) => words.get(column))).toEqual([
    'last',
    '$_b',
    'a',
    'größe',
    'f',
    undefined,
  ])
})
