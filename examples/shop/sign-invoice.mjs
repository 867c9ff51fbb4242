import { createHmac, hash } from 'node:crypto'

/** Chains the hashes of an invoice's lines, so that none can be changed later, and signs the last. */
export function signInvoice({ number, lines }) {
  let chained = number
  for (const line of lines) {
    chained = hash('sha256', chained + JSON.stringify(line))
  }
  return createHmac('sha256', 'a secret of the shop').update(chained).digest('hex')
}

export function makeInvoice({ lines }) {
  return {
    number: '2025-000042',
    lines: Array.from({ length: lines }, (_, i) => ({
      position: i + 1,
      article: `article ${(i * 7919) % 10_000}`,
      quantity: 1 + (i % 7),
      cents: 199 + ((i * 737) % 9000),
    })),
  }
}
