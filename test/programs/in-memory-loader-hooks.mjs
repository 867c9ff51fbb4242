import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

export function loadSync(url, context, nextLoad) {
  if (!url.endsWith('.ts')) return nextLoad(url, context)
  const compiled = join(process.env.COMPILED_DIR, basename(url).replace(/ts$/, 'js'))
  const source = readFileSync(compiled, 'utf8').replace(/(from '.*)\.js'/g, "$1.ts'")
  return { format: 'module', source, shortCircuit: true }
}

export async function load(url, context, nextLoad) {
  return loadSync(url, context, nextLoad)
}
