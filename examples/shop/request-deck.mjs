import { tenants } from './tenants.mjs'

/**
 * Requests without end, in the mix that the tenants are told. Like a pack of a hundred cards, dealt
 * and shuffled again: the mix is exact after each hundred, and the order has no pattern that a
 * sampler could fall in step with.
 */
export function* requestDeck(seed = 42) {
  const cards = Object.entries(tenants).flatMap(([tenant, { requests, work }]) =>
    Object.entries(work).flatMap(([name, percent]) =>
      Array.from({ length: (requests * percent) / 100 }, () => ({ tenant, work: name })),
    ),
  )
  const random = randomNumbers(seed)
  while (true) yield* shuffled(cards, random)
}

function shuffled(cards, random) {
  return cards
    .map((card) => ({ card, order: random.next().value }))
    .sort((a, b) => a.order - b.order)
    .map(({ card }) => card)
}

/** The same ones in every run, from 0 to 1 (xorshift32). */
function* randomNumbers(seed) {
  for (let x = seed; ; ) {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    yield (x >>> 0) / 2 ** 32
  }
}
