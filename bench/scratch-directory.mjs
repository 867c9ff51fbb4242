import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Runs `use` with a new empty directory, which is gone afterwards. */
export async function withScratchDirectory(use) {
  const directory = await mkdtemp(join(tmpdir(), 'spanprof-bench-'))
  try {
    return await use(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
