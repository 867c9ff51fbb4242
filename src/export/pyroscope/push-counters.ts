/** Why a profile never reached the server. */
export const DROP_CAUSES = [
  'droppedRefused',
  'droppedDeadline',
  'droppedQueueFull',
  'droppedTooOld',
  'droppedAtEnd',
  'droppedUnfit',
] as const

export type DropCause = (typeof DROP_CAUSES)[number]

/** What a push to a server counts. */
export const PUSH_COUNTERS = [
  'uploads',
  'uploadBytes',
  'uploadRetries',
  'uploadsWaiting',
  ...DROP_CAUSES,
  'profilesSplit',
  'uploadLabelsChanged',
  'uploadLabelsDropped',
  'profilesSpooled',
  'spoolFailures',
  'spoolFilesRejected',
] as const

export type PushCounter = (typeof PUSH_COUNTERS)[number]
