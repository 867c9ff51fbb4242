import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The Node.js lines that spanprof supports. */
export const ALL_MAJORS = [20, 22, 24, 26]
/** The oldest line and the active LTS: what is compared with peers. */
export const PEER_MAJORS = [20, 24]

/**
 * The Node.js binaries of these lines. They come from npm for linux-x64 alone; elsewhere the Node.js
 * that runs this stands for its own line.
 */
export function nodes(majors) {
  const found = majors.flatMap((major) => {
    const binary = binaryOf(major)
    return binary === undefined ? [] : [{ major, binary, version: versionOf(binary) }]
  })
  if (found.length === 0) throw new Error(`no Node.js ${majors.join(', ')} to measure with`)
  return found
}

function binaryOf(major) {
  const installed = fileURLToPath(new URL(`node_modules/node${major}/bin/node`, import.meta.url))
  if (existsSync(installed)) return installed
  return process.version.startsWith(`v${major}.`) ? process.execPath : undefined
}

function versionOf(binary) {
  return execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim().slice(1)
}
