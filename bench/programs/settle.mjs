import { setTimeout } from 'node:timers/promises'

/** Until V8 has cleared up after the work before: its collector runs on in idle moments. */
export function settle() {
  return setTimeout(2_000)
}
