import { expect, it } from 'vitest'
import { cleaned, cutToBytes } from '../../src/labels/label-text.ts'

const bytes = (text: string) => Buffer.byteLength(text)

it('leaves a short text alone', () => {
  expect(cutToBytes('GET /cart', 2048)).toBe('GET /cart')
})

it('cuts a long text at a character’s edge', () => {
  expect(cutToBytes('é'.repeat(100), 7)).toBe('ééé')
  expect(bytes(cutToBytes('日本'.repeat(50_000), 2048))).toBe(2046)
})

it('puts a text on one line, without control characters and half characters', () => {
  expect(cleaned('GET\r\n/a\0b\u0085c\x7f{id}\ud800x')).toBe('GET /a b c {id}\ufffdx')
})
