/** The number of the product whose texts hold most of the words, those in the title counted more. */
export function searchCatalog({ products, words }) {
  let best = { id: -1 }
  let bestScore = 0
  for (const product of products) {
    let score = 0
    for (const word of words) {
      if (product.title.includes(word)) score += 10
      let at = product.description.indexOf(word)
      while (at !== -1) {
        score++
        at = product.description.indexOf(word, at + word.length)
      }
    }
    if (score > bestScore) {
      best = product
      bestScore = score
    }
  }
  return best.id
}

/** A supplier's catalog, one product in JSON a line, as the shop keeps it. */
export function parseCatalog(text) {
  const products = []
  for (const line of text.split('\n')) {
    const { id, title, description, price } = JSON.parse(line)
    products.push({ id, title: title.trim(), description, cents: Math.round(price * 100) })
  }
  return products
}

export function makeSearch({ products }) {
  return { products: makeProducts(products), words: ['steel', 'garden', 'lamp', 'blue'] }
}

export function makeCatalogText({ products }) {
  return makeProducts(products)
    .map(({ cents, ...product }) => JSON.stringify({ ...product, price: cents / 100 }))
    .join('\n')
}

const WORDS = 'oak steel green garden chair lamp kettle blue cotton shelf brass mirror'.split(' ')

function makeProducts(count) {
  const word = (i) => WORDS[(i * 31 + (i >> 3)) % WORDS.length]
  return Array.from({ length: count }, (_, i) => ({
    id: i,
    title: `${word(i)} ${word(i + 5)}`,
    description: Array.from({ length: 12 }, (_, k) => word(i * 3 + k)).join(' '),
    cents: 199 + ((i * 737) % 9000),
  }))
}
