import { randomBytes } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** A process that has files in a spool. */
export interface SpoolOwner {
  /** Within which a process id is one process. */
  readonly host: string
  readonly pid: number
  /** Tells two lives of one process id apart. */
  readonly life: string
}

/** An owner that has not touched its files for so long is gone; they do it once a minute. */
const GONE_MILLIS = 3 * 60_000

/** @returns this process, as an owner of its own each time. */
export function newOwner(): SpoolOwner {
  return { host: hostId(), pid: process.pid, life: randomBytes(4).toString('hex') }
}

/** Containers may have the same host name, and process ids of their own. */
function hostId(): string {
  const name = hostname().slice(0, 60)
  return `${name}-${pidNamespace()}`.replace(/[^A-Za-z0-9-]/g, '-')
}

/** @returns nothing where there are none, or they cannot be read. */
function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid').replace(/\D/g, '')
  } catch {
    return ''
  }
}

export function isSameOwner(a: SpoolOwner, b: SpoolOwner): boolean {
  return a.host === b.host && a.pid === b.pid && a.life === b.life
}

/**
 * Whether a file's owner has ended. On this host its process id tells so at once. Elsewhere, and where
 * a process with that id is another program by now, or has stopped profiling, the file's age does.
 */
export function isGone(owner: SpoolOwner, self: SpoolOwner, touchedMillis: number): boolean {
  if (isSameOwner(owner, self)) return false
  if (owner.host === self.host && (owner.pid === self.pid || !isAlive(owner.pid))) return true
  return Date.now() - touchedMillis > GONE_MILLIS
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
