import { readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { resourceAttribute } from './otel-resource.js'

/** The app's name where nobody has given one: as OpenTelemetry calls it, so that both mean the same. */
export function defaultAppName(): string {
  return (
    process.env.OTEL_SERVICE_NAME || resourceAttribute('service.name') || packageName() || 'node'
  )
}

/** The name in the package.json next to the app's main file or above it. */
function packageName(): string | undefined {
  for (let directory = mainDirectory(); ; ) {
    try {
      const { name } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
      return typeof name === 'string' && name !== '' ? name : undefined
    } catch {
      // None here, or none that can be read: look above.
    }
    const above = dirname(directory)
    if (above === directory) return undefined
    directory = above
  }
}

/** Commands that packages bring are links to their files. */
function mainDirectory(): string {
  const main = process.argv[1]
  if (main === undefined) return process.cwd()
  try {
    return dirname(realpathSync(main))
  } catch {
    return dirname(main) // Without its `.js`, for one.
  }
}
