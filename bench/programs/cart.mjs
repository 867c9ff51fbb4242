/** What the servers under load do for a request: they ask a pretended database, and sum up. */
export const QUERIES = 5

const SUMMED_CHARACTERS = 20_000

/** Answers from the event loop, with what `read` returns then. */
export function answerOfDatabase(read) {
  return new Promise((resolve) => setImmediate(() => resolve(read())))
}

export function cartRow(id, tenant) {
  return {
    id,
    tenant,
    name: `item ${id}`,
    tags: ['new', 'sale'],
    price: { amount: id * 100, unit: 'eur' },
  }
}

export function cartChecksum(text) {
  let sum = 0
  for (let i = 0; i < SUMMED_CHARACTERS; i++) {
    sum = (sum * 31 + text.charCodeAt(i % text.length)) | 0
  }
  return sum
}
