/** The profiles that can be pulled. */
export type PulledType = 'cpu' | 'wall' | 'heap'

/** By path, as Go's `net/http/pprof` names them where it has them. */
const TYPES: Readonly<Record<string, PulledType>> = {
  '/debug/pprof/profile': 'cpu',
  '/debug/pprof/wall': 'wall',
  '/debug/pprof/heap': 'heap',
}

export const PATHS: readonly string[] = Object.keys(TYPES)

/** What a request's target asks for, `/debug/pprof/profile?seconds=10`; `undefined` for none of ours. */
export function pulledType(target: string): PulledType | undefined {
  const [path = ''] = target.split('?', 1)
  return Object.hasOwn(TYPES, path) ? TYPES[path] : undefined
}

/** The query of a request's target. */
export function queryOf(target: string): URLSearchParams {
  return new URLSearchParams(target.split('?').slice(1).join('?'))
}
