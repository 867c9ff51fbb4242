import { readdir } from 'node:fs/promises'
import { parseFileName, type SpoolFile } from './spool-file.js'

/** What is in the directory of a spool. */
export interface SpoolListing {
  /** Whoever's they are, the oldest first. */
  readonly files: readonly SpoolFile[]
  /** Names of what a process is writing, or was when it crashed. */
  readonly halfWritten: readonly string[]
  /** Names of what is no process's of ours. */
  readonly foreign: readonly string[]
}

const HALF_WRITTEN = /^\..*\.profile\.tmp$/

/** @throws where the directory cannot be read. */
export async function listSpool(directory: string): Promise<SpoolListing> {
  const entries = await readdir(directory, { withFileTypes: true })
  const files: SpoolFile[] = []
  const halfWritten: string[] = []
  const foreign: string[] = []
  for (const entry of entries.sort(byName)) {
    const { name } = entry
    // A directory or a pipe is none of ours, whatever its name: it cannot be removed, or not be read.
    const file = entry.isFile() ? parseFileName(name) : undefined
    if (file !== undefined) files.push(file)
    else if (entry.isFile() && HALF_WRITTEN.test(name)) halfWritten.push(name)
    else if (!name.startsWith('.')) foreign.push(name)
  }
  return { files, halfWritten, foreign }
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1
}
