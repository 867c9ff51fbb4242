import type { Log } from '../failure-burst.js'
import type { Profile } from './profile.js'

/** Where finished profiles go. */
export interface Sink {
  /**
   * Takes a profile. Resolves when it has arrived or has been counted as dropped; never rejects, as
   * nothing that a sink meets may reach the app.
   */
  write(profile: Profile): Promise<void>
}

/** What sinks report; plain functions, so that a sink knows no other part of spanprof. */
export interface SinkReport {
  /** A profile has arrived. */
  written(bytes: number): void
  /** A profile is lost. */
  dropped(): void
  readonly log: Log
}
