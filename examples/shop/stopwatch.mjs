/**
 * The shop's own measure of a request's work, independent of any profiler: it knows when each piece
 * begins and ends, as no other code can run in between.
 */
export class Stopwatch {
  /** Milliseconds by function. */
  millis = {}

  /** Runs `work`, which must be synchronous, and books it under `name`. */
  time(name, work) {
    const started = performance.now()
    const result = work()
    this.millis[name] = (this.millis[name] ?? 0) + performance.now() - started
    return result
  }
}
