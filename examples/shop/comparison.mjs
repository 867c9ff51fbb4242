/**
 * Puts side by side what the shop was told, what its stopwatch measured and what spanprof saw.
 *
 * @param requests see shop.mjs
 * @param samples see seen-by-spanprof.mjs; there may be functions and groups that nobody told of
 * @param groupOfRequest under what a request is added up: its route, say
 * @param groupOfSample likewise; for a route it is the label `span_name`
 * @returns rows for the groups, each with `functions`, the rows of its functions; hottest first
 */
export function compare({ requests, samples }, groupOfRequest, groupOfSample) {
  const told = new Sums()
  const measured = new Sums()
  const seen = new Sums()
  for (const request of requests) {
    told.addAll(groupOfRequest(request), request.told)
    measured.addAll(groupOfRequest(request), request.measured)
  }
  for (const sample of samples) seen.add(groupOfSample(sample), sample.name, sample.millis)
  return rows(told.ofGroups(), measured.ofGroups(), seen.ofGroups()).map((group) => ({
    ...group,
    functions: rows(told.of(group.name), measured.of(group.name), seen.of(group.name)),
  }))
}

/**
 * The function whose share of its group's work differs most between stopwatch and spanprof. Only
 * the work counts here: spanprof sees Node.js and the garbage collector too, the stopwatch does not.
 */
export function largestDifference(groups) {
  return groups
    .flatMap(({ name, functions }) => differences(name, functions.filter(isTold)))
    .reduce((a, b) => (a.difference > b.difference ? a : b), {
      group: '-',
      name: '-',
      difference: 0,
    })
}

function differences(group, work) {
  const total = (column) => sum(work.map((each) => each[column].millis)) || 1
  return work.map(({ name, measured, seen }) => ({
    group,
    name,
    difference: Math.abs(measured.millis / total('measured') - seen.millis / total('seen')),
  }))
}

function isTold({ told }) {
  return told.millis > 0
}

function rows(told, measured, seen) {
  const part = (column, name) => share(column[name] ?? 0, sum(Object.values(column)))
  return [...new Set([...Object.keys(told), ...Object.keys(seen)])]
    .map((name) => ({
      name,
      told: part(told, name),
      measured: part(measured, name),
      seen: part(seen, name),
    }))
    .sort((a, b) => b.seen.millis - a.seen.millis)
}

function share(millis, total) {
  return { millis, share: total === 0 ? 0 : millis / total }
}

/** Milliseconds by group and function. */
class Sums {
  #groups = {}

  addAll(group, millisByName) {
    for (const [name, millis] of Object.entries(millisByName)) this.add(group, name, millis)
  }

  add(group, name, millis) {
    this.#groups[group] ??= {}
    this.#groups[group][name] = (this.#groups[group][name] ?? 0) + millis
  }

  of(group) {
    return this.#groups[group] ?? {}
  }

  ofGroups() {
    return Object.fromEntries(
      Object.entries(this.#groups).map(([group, millis]) => [group, sum(Object.values(millis))]),
    )
  }
}

function sum(numbers) {
  return numbers.reduce((total, each) => total + each, 0)
}
