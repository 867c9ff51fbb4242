import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { withScratchDirectory } from './scratch-directory.mjs'
import { atMost } from './target.mjs'
import { count, megabytes, percent } from './units.mjs'

export const title = 'Install'

export const measures =
  'What `npm install` of the packed package, and of `@pyroscope/nodejs`, each leaves in an empty project: the bytes of all files, packages, and those of them with an install script or a native addon. Optional peers are not installed.'

const PEER = '@pyroscope/nodejs'

export async function run({ say }) {
  const peerVersion = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))
    .dependencies[PEER]
  say('spanprof')
  const ours = await withScratchDirectory((directory) => installed(pack(directory), directory))
  say(PEER)
  const peer = await withScratchDirectory((directory) =>
    installed(`${PEER}@${peerVersion}`, directory),
  )
  return {
    tables: [{ columns: COLUMNS, rows: [row('spanprof', ours), row(PEER, peer)] }],
    targets: [
      atMost('bytes against the SDK', ours.bytes / peer.bytes, 1 / 5, percent),
      atMost('packages', ours.packages, 12, count),
      atMost('install scripts', ours.scripts, 0, count),
      atMost('native addons', ours.addons, 0, count),
    ],
  }
}

const COLUMNS = ['package', 'size', 'packages', 'with install scripts', 'with native addons']

function row(name, { bytes, packages, scripts, addons }) {
  return [name, megabytes(bytes / 1e6), count(packages), count(scripts), count(addons)]
}

function pack(directory) {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const [{ filename }] = JSON.parse(
    npm(['pack', '--json', '--ignore-scripts', '--pack-destination', directory], root),
  )
  return join(directory, filename)
}

function installed(what, directory) {
  writeFileSync(join(directory, 'package.json'), '{"private":true}')
  npm(['install', '--ignore-scripts', '--omit=peer', '--omit=dev', what], directory)
  const modules = join(directory, 'node_modules')
  const files = readdirSync(modules, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  const paths = files.map((entry) => join(entry.parentPath, entry.name))
  const { packages } = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8'))
  const folders = Object.keys(packages)
  return {
    bytes: paths.reduce((sum, path) => sum + statSync(path).size, 0),
    packages: folders.length,
    scripts: folders.filter((folder) => packages[folder].hasInstallScript).length,
    addons: folders.filter((folder) => hasAddon(join(directory, folder), paths)).length,
  }
}

function hasAddon(folder, paths) {
  return paths.some(
    (path) =>
      path.startsWith(`${folder}/`) &&
      !path.slice(folder.length).includes('/node_modules/') &&
      path.endsWith('.node'),
  )
}

function npm(args, cwd) {
  return execFileSync('npm', [...args, '--no-audit', '--no-fund'], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}
