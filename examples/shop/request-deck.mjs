import { bulkRequests, usualRequests } from './plan.mjs'

/**
 * Requests without end, as planned. Like a pack of a hundred cards, dealt and shuffled again: the
 * mix is exact after each hundred, and the order has no pattern that a sampler could fall in step
 * with. In the middle of each pack comes a bulk request.
 */
export function* requestDeck(seed = 42) {
  const cards = usualCards()
  const random = randomNumbers(seed)
  for (let pack = 0; ; pack++) {
    const bulk = { ...bulkRequests[pack % bulkRequests.length], size: 'bulk' }
    yield* shuffled(cards, random).toSpliced(cards.length / 2, 0, bulk)
  }
}

function usualCards() {
  return Object.entries(usualRequests).flatMap(([tenant, routes]) =>
    Object.entries(routes).flatMap(([route, requests]) =>
      Array.from({ length: requests }, () => ({ tenant, route, size: 'usual' })),
    ),
  )
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
