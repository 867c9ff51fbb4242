/**
 * The shop's own measure of its work, independent of any profiler: it knows when each piece begins
 * and ends, as no other code can run in between.
 */
export class Stopwatch {
  /** Milliseconds by tenant and function: `millis.acme.priceCart`. */
  millis = {}

  /** Runs `work`, which must be synchronous, for `tenant`, and books it under `name`. */
  time(tenant, name, work) {
    const started = performance.now()
    const result = work()
    const passed = performance.now() - started
    this.millis[tenant] ??= {}
    this.millis[tenant][name] = (this.millis[tenant][name] ?? 0) + passed
    return result
  }
}
