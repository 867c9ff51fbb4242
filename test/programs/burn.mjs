import { readFileSync } from 'node:fs'

/**
 * A function of the given name that burns CPU for some milliseconds. Each call gives one that V8 has
 * yet to compile.
 */
export function burner(name) {
  const source = `return function ${name}(millis) {
    const end = performance.now() + millis
    let x = 0
    do for (let i = 0; i < 500; i++) x = Math.imul(x ^ i, 0x9e3779b1) + i
    while (performance.now() < end)
    return x
  }`
  return new Function(source)()
}

/** Likewise one that burns CPU time of this thread: it has samples, however busy the machine is. */
export function cpuBurner(name) {
  const source = `return function ${name}(millis) {
    const end = threadCpuNanos() + millis * 1e6
    let x = 0
    do for (let i = 0; i < 50_000; i++) x = Math.imul(x ^ i, 0x9e3779b1) + i
    while (threadCpuNanos() < end)
    return x
  }`
  return new Function('threadCpuNanos', source)(threadCpuNanos)
}

/** CPU time of this thread so far, from the kernel where it tells, in nanoseconds. */
export function threadCpuNanos() {
  try {
    const schedstat = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8')
    return Number.parseInt(schedstat, 10)
  } catch {
    const { user, system } = process.cpuUsage()
    return (user + system) * 1000
  }
}
