import { makeCatalogText, makeSearch, parseCatalog, searchCatalog } from './catalog.mjs'
import { makeCart, priceCart } from './price-cart.mjs'
import { makeInvoice, signInvoice } from './sign-invoice.mjs'

/** What the shop can do, and what it does it with; each takes about a tenth of a millisecond. */
export const work = {
  priceCart: { run: priceCart, input: makeCart({ lines: 60, promotions: 1200 }) },
  signInvoice: { run: signInvoice, input: makeInvoice({ lines: 80 }) },
  searchCatalog: { run: searchCatalog, input: makeSearch({ products: 400 }) },
  parseCatalog: { run: parseCatalog, input: makeCatalogText({ products: 160 }) },
}
