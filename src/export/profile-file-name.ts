import type { Profile } from './profile.js'

/** What of a profile its file's name tells. */
interface Named extends Pick<Profile, 'appName' | 'startTimeMillis'> {
  readonly type: { readonly name: string }
}

/** `<app>-<type>-<start, UTC, basic ISO 8601 with milliseconds>-<pid>.pb.gz` */
export function profileFileName({ appName, type, startTimeMillis }: Named): string {
  const app = appName
    .replace(/^@/, '')
    .replace(/[^A-Za-z0-9_.-]+/g, '-')
    .slice(0, 100)
  const start = new Date(startTimeMillis).toISOString().replace(/[-:.]/g, '')
  return `${app}-${type.name}-${start}-${process.pid}.pb.gz`
}
