// Compiles src to dist. Old output goes first, so that no file of a removed source stays.
import { execFileSync } from 'node:child_process'
import { copyFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'))
rmSync(join(root, 'dist'), { recursive: true, force: true })
execFileSync(process.execPath, [join(typescript, 'bin', 'tsc'), '-p', root], { stdio: 'inherit' })

// Written by hand, which tsc leaves where they are.
for (const types of ['index.d.cts', 'otel/index.d.cts']) {
  copyFileSync(join(root, 'src', types), join(root, 'dist', types))
}
