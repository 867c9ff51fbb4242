import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, type } from 'node:os'
import { ALL_MAJORS, nodes } from './node-versions.mjs'

const PEERS = ['@datadog/pprof', '@pyroscope/nodejs', 'express', 'autocannon', 'typescript']
const OPENTELEMETRY = ['sdk-trace-node', 'instrumentation-http', 'instrumentation-express']

/** What a figure depends on beside the code: the machine, and the versions of all that ran. */
export function environment() {
  return {
    CPU: cpus()[0]?.model.trim() ?? 'unknown',
    cores: String(availableParallelism()),
    OS: `${distribution()} (${type()} ${release().match(/^[0-9.]+/)}, ${process.arch})`,
    'Node.js': nodes(ALL_MAJORS)
      .map(({ version }) => version)
      .join(', '),
    spanprof: packageVersion('../package.json'),
    peers: PEERS.map((name) => `${name} ${installedVersion(name)}`).join(', '),
    OpenTelemetry: OPENTELEMETRY.map(
      (name) => `${name} ${installedVersion(`@opentelemetry/${name}`)}`,
    ).join(', '),
  }
}

function installedVersion(name) {
  return packageVersion(`node_modules/${name}/package.json`)
}

function packageVersion(path) {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).version
}

function distribution() {
  const path = '/etc/os-release'
  if (!existsSync(path)) return process.platform
  return /^PRETTY_NAME="?([^"\n]+)/m.exec(readFileSync(path, 'utf8'))?.[1] ?? process.platform
}
