/**
 * What the shop is told to do, in percent: each tenant's share of the requests, and the work its
 * requests ask for. As a request of any kind gets the same time (see shop.mjs), these are the
 * shares of CPU time that a profile should show. Multiples of ten, so that every hundred
 * requests come out exactly.
 */
export const tenants = {
  acme: { requests: 40, work: { priceCart: 70, signInvoice: 20, searchCatalog: 10 } },
  globex: { requests: 30, work: { signInvoice: 70, priceCart: 20, parseCatalog: 10 } },
  initech: { requests: 30, work: { searchCatalog: 70, parseCatalog: 20, priceCart: 10 } },
}
