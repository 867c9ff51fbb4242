import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FailureBurst } from '../failure-burst.js'
import { encodePprof } from './pprof.js'
import type { Profile } from './profile.js'
import { profileFileName } from './profile-file-name.js'
import type { Sink, SinkReport } from './sink.js'

/** Writes each profile as a `.pb.gz` file for `go tool pprof`, readable by its owner alone. */
export class DirectorySink implements Sink {
  readonly #directory: string
  readonly #report: SinkReport
  readonly #failures: FailureBurst

  constructor(directory: string, report: SinkReport) {
    this.#directory = directory
    this.#report = report
    this.#failures = new FailureBurst(report.log)
  }

  async write(profile: Profile): Promise<void> {
    try {
      const bytes = encodePprof(profile)
      await writeWhole(this.#directory, profileFileName(profile), bytes)
      this.#report.written(bytes.length)
      this.#failures.recovered(
        (lost) => `profiles are written to ${this.#directory} again; profiles lost: ${lost}`,
      )
    } catch (error) {
      this.#report.dropped()
      this.#failures.failed(
        `cannot write profiles to ${this.#directory}, they are lost: ${(error as Error).message}`,
      )
    }
  }

  /** Nothing waits. */
  async flush(): Promise<void> {}

  async close(): Promise<void> {}
}

/** Under a temporary name first, so that nobody reads half a file. The directory may have gone. */
async function writeWhole(directory: string, name: string, bytes: Uint8Array): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const temporary = join(directory, `.${name}.tmp`)
  try {
    await writeFile(temporary, bytes, { mode: 0o600 })
    await rename(temporary, join(directory, name))
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {}) // What counts is why the writing failed.
    throw error
  }
}
