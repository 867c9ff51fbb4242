import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { renameSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { PushReport } from '../../../src/export/pyroscope/push-report.ts'
import { Spool, type SpoolOptions } from '../../../src/export/pyroscope/spool.ts'
import { nameFile, type SpoolFile } from '../../../src/export/pyroscope/spool-file.ts'
import type { Upload } from '../../../src/export/pyroscope/upload.ts'

const SERVER = 'http://127.0.0.1:1'

/** A spool with what it counts and says. */
export function spoolIn(directory: string, options: Partial<SpoolOptions> = {}) {
  const counts: Record<string, number> = {}
  const count = (name: string, by = 1) => {
    counts[name] = (counts[name] ?? 0) + by
  }
  const lines: string[] = []
  const log = (level: string, message: string) => lines.push(`${level}: ${message}`)
  const sink = { count, log, written() {}, dropped: () => count('dropped') }
  const report = new PushReport(sink, SERVER)
  const spool = new Spool({ directory, maxBytes: 1e6, destination: SERVER, report, ...options })
  /** Puts a file that finds room. */
  const put = async (upload: Upload = uploadOf()) => {
    const file = await spool.put(upload, () => count('madeRoom'))
    if (file === undefined) throw new Error('no room')
    return file
  }
  return { spool, report, counts, lines, put }
}

/** Of so many bytes, without its header. */
export function uploadOf(bytes = 100, ageMillis = 0): Upload {
  const startTimeMillis = Date.now() - ageMillis
  const pprof = randomBytes(bytes)
  return { series: 'app{}', startTimeMillis, durationMillis: 1000, sampleRate: 100, pprof }
}

/** Makes a file another one's, or another in what else its name says. */
export function renamed(directory: string, file: SpoolFile, changes: Partial<SpoolFile>) {
  const changed = nameFile({ ...file, ...changes })
  renameSync(join(directory, file.name), join(directory, changed.name))
  return changed
}

/** Makes a file one that was touched four minutes ago. */
export function forsake(directory: string, name: string): void {
  const longAgo = new Date(Date.now() - 4 * 60_000)
  utimesSync(join(directory, name), longAgo, longAgo)
}

/** Calls it as another process would, as far as a spool can tell. */
export async function asProcess<T>(pid: number, call: () => T | Promise<T>): Promise<T> {
  const own = Object.getOwnPropertyDescriptor(process, 'pid') as PropertyDescriptor
  Object.defineProperty(process, 'pid', { ...own, value: pid })
  try {
    return await call()
  } finally {
    Object.defineProperty(process, 'pid', own)
  }
}

/** The id of a process that runs as long as the test does. */
export function running(): number {
  const child = spawn('sleep', ['60'])
  onTestFinished(() => void child.kill())
  return child.pid ?? 0
}

/** The id of a process that has ended. */
export function gone(): number {
  return Number(execFileSync(process.execPath, ['-p', 'process.pid']))
}
