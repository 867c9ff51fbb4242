/**
 * A connection to a V8 that speaks the Chrome DevTools Protocol
 * (https://chromedevtools.github.io/devtools-protocol/v8/). All that stands above it is the same
 * code for every thread and process that can be reached.
 */
export interface Transport {
  /** Sends a command; rejects with the protocol's error message. */
  send(method: string, params?: object): Promise<unknown>
  /** Hears an event from now on. */
  on(event: string, listener: (params: unknown) => void): void
  /** Ends the connection, and with it every profile that was started through it. Idempotent. */
  close(): void
}
