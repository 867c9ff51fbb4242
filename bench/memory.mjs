import { measureMemory } from './resident-memory.mjs'

export const title = 'Memory'

export const measures =
  'Resident memory of a program that switches labels about 10,000 times a second, with fresh labels for each task, over the same program unprofiled; both started at once and read every 10 s, with no collection forced. The slope is that of the straight line through the second half.'

const SUBJECT = {
  program: 'label-switches.mjs',
  profiled: 'spanprof',
  bare: 'bare',
  counted: 'switches',
}

export function run(options) {
  return measureMemory(SUBJECT, options)
}
