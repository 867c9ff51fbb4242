import { measureMemory } from './resident-memory.mjs'

export const title = 'Memory with spans'

export const measures =
  'The same of a program that starts and ends about 10,000 spans a second, a root and four children around awaits, with the OpenTelemetry SDK and an exporter that drops them, over the same program unprofiled.'

const SUBJECT = {
  program: 'span-churn.mjs',
  profiled: 'root-span',
  bare: 'base',
  counted: 'spans',
}

export function run(options) {
  return measureMemory(SUBJECT, options)
}
