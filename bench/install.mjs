import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Installs the peers where they are missing or not those of the lock file. */
export function installPeers() {
  if (peersAreInstalled()) return
  console.log('installing the peers into bench/node_modules')
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    env: environment(),
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(1)
}

function peersAreInstalled() {
  const wanted = lockedPackages('package-lock.json')
  const installed = lockedPackages('node_modules/.package-lock.json')
  // The optional ones are Node.js binaries for linux-x64 alone.
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === '' ||
      installed[path]?.version === version ||
      (optional && installed[path] === undefined),
  )
}

function lockedPackages(path) {
  try {
    return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).packages
  } catch {
    return {} // Missing or cut short.
  }
}

/** An outer `npm run` would send this npm to another folder, or keep it from working. */
function environment() {
  const outer =
    /^npm_(?!config_)|^npm_config_(dry_run|global|location|omit|package_lock_only|(local_|global_)?prefix|workspaces?)$/i
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !outer.test(name)))
}
