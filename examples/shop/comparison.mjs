/**
 * Puts side by side what the shop was told, what its stopwatch measured and what spanprof saw.
 *
 * @param told see tenants.mjs
 * @param measured milliseconds by tenant and function
 * @param seen likewise; it may have tenants and functions that nobody told of
 * @returns rows for the tenants, each with `functions`, the rows of its functions; hottest first
 */
export function compare(told, measured, seen) {
  const requests = mapValues(told, (tenant) => tenant.requests)
  return rows(requests, mapValues(measured, sum), mapValues(seen, sum)).map((tenant) => ({
    ...tenant,
    functions: rows(told[tenant.name]?.work, measured[tenant.name], seen[tenant.name]),
  }))
}

/**
 * The function whose share of its tenant's work differs most between stopwatch and spanprof. Only
 * the work counts here: spanprof sees Node.js and the garbage collector too, the stopwatch does not.
 */
export function largestDifference(tenants) {
  return tenants
    .flatMap(({ name, functions }) => differences(name, functions.filter(isTold)))
    .reduce((a, b) => (a.difference > b.difference ? a : b))
}

function differences(tenant, work) {
  const total = (column) => sum(work.map((each) => each[column].millis)) || 1
  return work.map(({ name, measured, seen }) => ({
    tenant,
    name,
    difference: Math.abs(measured.millis / total('measured') - seen.millis / total('seen')),
  }))
}

/** Milliseconds of work that was seen under a tenant which never asked for it, or under none. */
export function underWrongTenant(tenants) {
  const functions = tenants.flatMap((tenant) => tenant.functions)
  const work = new Set(functions.filter(isTold).map(({ name }) => name))
  const wrong = functions.filter((each) => !isTold(each) && work.has(each.name))
  return sum(wrong.map(({ seen }) => seen.millis))
}

function isTold({ told }) {
  return told > 0
}

function rows(told = {}, measured = {}, seen = {}) {
  const totals = { measured: sum(measured), seen: sum(seen) }
  const part = (millis = 0, total = 0) => ({ millis, share: total === 0 ? 0 : millis / total })
  return [...new Set([...Object.keys(told), ...Object.keys(seen)])]
    .map((name) => ({
      name,
      told: (told[name] ?? 0) / 100,
      measured: part(measured[name], totals.measured),
      seen: part(seen[name], totals.seen),
    }))
    .sort((a, b) => b.seen.millis - a.seen.millis)
}

function sum(millis) {
  return Object.values(millis).reduce((total, each) => total + each, 0)
}

function mapValues(object, fn) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, fn(value)]))
}
