// Makes a fresh clone ready: installs the dependencies and compiles src, each only where it is
// missing or older than what it is made from. Prints nothing when all is fresh.
//
//   node scripts/setup.mjs           the package itself, which is what the demo and benchmarks need
//   node scripts/setup.mjs --tests   also test/sdk-lines: other OpenTelemetry lines, and libraries that use it
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

install('.', 'dependencies')
if (process.argv.includes('--tests')) {
  for (const line of sdkLines()) install(line, `the packages of ${line}`)
}
if (!buildIsFresh()) step('compiling', [process.execPath, join(root, 'scripts', 'build.mjs')])

/** Folders with an OpenTelemetry SDK of another line than the one in the root, or of a library. */
function sdkLines() {
  const lines = readdirSync(join(root, 'test', 'sdk-lines'), { withFileTypes: true })
  return lines.filter((entry) => entry.isDirectory()).map(({ name }) => `test/sdk-lines/${name}`)
}

function install(folder, title) {
  if (dependenciesAreFresh(folder)) return
  step(`installing ${title}`, npm(), { cwd: join(root, folder), env: npmEnvironment() })
}

/**
 * Whether what npm says it has installed is what the lock file asks for. Compared by content, as a
 * clone or a checkout gives files new dates. Optional packages are those of other platforms.
 */
function dependenciesAreFresh(folder) {
  const wanted = lockedPackages(folder, 'package-lock.json')
  const installed = lockedPackages(folder, 'node_modules', '.package-lock.json')
  if (wanted === undefined || installed === undefined) return false
  const isWanted = ([path, { version, integrity }]) =>
    wanted[path]?.version === version && wanted[path].integrity === integrity
  const isThere = ([path, { optional }]) => path === '' || optional || installed[path] !== undefined
  return Object.entries(installed).every(isWanted) && Object.entries(wanted).every(isThere)
}

function lockedPackages(...path) {
  try {
    return JSON.parse(readFileSync(join(root, ...path), 'utf8')).packages
  } catch {
    return undefined // Missing or cut short; either way npm has to run.
  }
}

function buildIsFresh() {
  const built = modificationTimes('dist').filter(({ path }) => path.endsWith('.js'))
  const oldestOutput = Math.min(...built.map(({ time }) => time))
  const inputs = [...modificationTimes('src'), ...modificationTimes('tsconfig.json')]
  // A removed source leaves no younger file behind, only a younger directory.
  return built.length > 0 && inputs.every(({ time }) => time <= oldestOutput)
}

/** Of a file, or of a directory and all that is in it. */
function modificationTimes(path) {
  const entry = statSync(join(root, path), { throwIfNoEntry: false })
  if (entry === undefined) return []
  const inside = entry.isDirectory() ? readdirSync(join(root, path)) : []
  return [
    { path, time: entry.mtimeMs },
    ...inside.flatMap((name) => modificationTimes(join(path, name))),
  ]
}

/** Runs a command quietly: what it says is shown only when it fails. */
function step(title, [command, ...args], { cwd = root, env = process.env } = {}) {
  process.stdout.write(`${title} ... `)
  const started = performance.now()
  const windows = process.platform === 'win32' && command === 'npm' // There it is a npm.cmd.
  const result = spawnSync(command, args, { cwd, env, encoding: 'utf8', shell: windows })
  if (result.status === 0) {
    console.log(`${((performance.now() - started) / 1000).toFixed(1)} s`)
    return
  }
  console.log('failed')
  console.error(`${[command, ...args].join(' ')}\n`)
  console.error(result.error?.message ?? result.stdout + result.stderr)
  process.exit(1)
}

/** The npm that runs this script, else the one in the PATH. */
function npm() {
  const own = process.env.npm_execpath
  const start = own?.endsWith('npm-cli.js') ? [process.execPath, own] : ['npm']
  // TypeScript is a development dependency: NODE_ENV=production must not leave it out.
  return [...start, 'ci', '--include=dev']
}

/**
 * Without what an outer `npm run` says of itself: its package and script, and options which would
 * send `npm ci` to another place (`--prefix`, `--global`) or keep it from working (`--dry-run`).
 * Other options stay, as a registry or a proxy may be set in no other place.
 */
function npmEnvironment() {
  const outer =
    /^npm_(?!config_)|^npm_config_(dry_run|global|location|omit|package_lock_only|(local_|global_)?prefix|workspaces?)$/i
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !outer.test(name)))
}
