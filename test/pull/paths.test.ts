import { expect, it } from 'vitest'
import { pulledType, queryOf } from '../../src/pull/paths.ts'

it.each([
  ['/debug/pprof/profile', 'cpu'],
  ['/debug/pprof/profile?seconds=10', 'cpu'],
  ['/debug/pprof/wall?', 'wall'],
  ['/debug/pprof/heap?gc=1', 'heap'],
  ['/debug/pprof/', undefined],
  ['/debug/pprof/profile/', undefined],
  ['/debug/pprof/Profile', undefined],
  ['/api/debug/pprof/profile', undefined],
  ['/toString', undefined],
  ['', undefined],
])('%s asks for %s', (target, type) => {
  expect(pulledType(target)).toBe(type)
})

it.each([
  ['/debug/pprof/profile', null],
  ['/debug/pprof/profile?seconds=10', '10'],
  ['/debug/pprof/profile?a=?&seconds=1.5', '1.5'],
])('in the query of %s seconds is %s', (target, seconds) => {
  expect(queryOf(target).get('seconds')).toBe(seconds)
})
