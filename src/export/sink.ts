import type { Log } from '../failure-burst.js'
import type { Profile } from './profile.js'

/** Where finished profiles go. Nothing of it ever rejects: what a sink meets must not reach the app. */
export interface Sink {
  /** Takes a profile over. Resolves when it is where it should be, waits to go there, or is lost. */
  write(profile: Profile): Promise<void>
  /** Resolves when nothing waits any more, or when the time is up. */
  flush(timeUp: AbortSignal): Promise<void>
  /** Likewise, and ends the sink: what still waits when the time is up is lost, and counted. */
  close(timeUp: AbortSignal): Promise<void>
}

/** What sinks report; plain functions, so that a sink knows no other part of spanprof. */
export interface SinkReport {
  /** A profile has arrived. */
  written(bytes: number): void
  /** A profile is lost. */
  dropped(): void
  readonly log: Log
}
