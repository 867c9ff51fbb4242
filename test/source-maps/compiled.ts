import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { temporaryDirectory } from '../program.ts'

export const SHOP = fileURLToPath(new URL('./shop/', import.meta.url))

const TYPESCRIPT = dirname(createRequire(import.meta.url).resolve('typescript/package.json'))

/** Compiles the shop with the TypeScript compiler. @returns where. */
export function compiledByTypeScript(...options: string[]): string {
  const outDir = temporaryDirectory()
  const compiler = join(TYPESCRIPT, 'bin', 'tsc')
  const how = ['--ignoreConfig', '--target', 'es2022', '--rewriteRelativeImportExtensions']
  const files = ['cart.ts', 'run.ts'].map((file) => join(SHOP, file))
  writeFileSync(join(outDir, 'package.json'), '{"type":"module"}')
  execFileSync(process.execPath, [compiler, ...how, ...options, '--outDir', outDir, ...files], {
    stdio: 'inherit',
  })
  return outDir
}

/** A source in one file with its map beside it. */
export interface Bundle {
  readonly file: string
  readonly code: string
  readonly map: { sources: string[]; names: string[]; mappings: string; version: 3 }
}

/** Bundles a file and all that it imports. */
export async function bundled(input: string, minify: boolean): Promise<Bundle> {
  const file = join(temporaryDirectory(), 'bundle.mjs')
  const bundle = await rolldown({ input, platform: 'node' })
  await bundle.write({ file, minify, sourcemap: true, format: 'esm', codeSplitting: false })
  await bundle.close()
  return {
    file,
    code: readFileSync(file, 'utf8'),
    map: JSON.parse(readFileSync(`${file}.map`, 'utf8')),
  }
}
