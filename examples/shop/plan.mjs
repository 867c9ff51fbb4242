/**
 * The work that a request to a route asks for, in percent of its time. Now and then comes a bulk
 * request, which has much more to do, and most of it where its route has little: the slowest spans
 * look different from what their route shows.
 */
export const routes = {
  checkout: {
    usual: { priceCart: 90, signInvoice: 10 },
    bulk: { signInvoice: 80, priceCart: 20 },
  },
  invoice: {
    usual: { signInvoice: 90, priceCart: 10 },
    bulk: { priceCart: 80, signInvoice: 20 },
  },
  search: {
    usual: { searchCatalog: 90, parseCatalog: 10 },
    bulk: { parseCatalog: 80, searchCatalog: 20 },
  },
}

/** How many usual requests the tenants make to each route before the mix begins anew. */
export const usualRequests = {
  acme: { checkout: 26, invoice: 8, search: 6 },
  globex: { checkout: 4, invoice: 20, search: 6 },
  initech: { checkout: 4, invoice: 4, search: 22 },
}

/** One of these comes with every mix of usual requests, in turn. */
export const bulkRequests = [
  { tenant: 'globex', route: 'checkout' },
  { tenant: 'acme', route: 'invoice' },
  { tenant: 'initech', route: 'search' },
]

/**
 * A request's work comes in pieces, so that requests take turns in the middle of it. A piece takes
 * the same time whatever it runs, so that percentages of work are percentages of CPU time.
 */
export const sizes = {
  usual: { pieces: 10, pieceMillis: 1 },
  bulk: { pieces: 50, pieceMillis: 5 },
}
