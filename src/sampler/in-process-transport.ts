import { Session } from 'node:inspector'
import type { Transport } from './transport.js'

/**
 * Reaches the main thread of this process from a worker thread. Commands interrupt running
 * JavaScript, so windows keep rolling while the main thread is busy.
 *
 * @throws where the inspector is missing or denied.
 */
export function connectToMainThread(): Transport {
  const session = new Session()
  session.connectToMainThread()
  return {
    send: (method, params) =>
      new Promise((resolve, reject) => {
        session.post(method, params, (error, result) => {
          if (error) reject(new Error(`${method}: ${error.message}`))
          else resolve(result)
        })
      }),
    on(event, listener) {
      session.on(event, (message: { params: unknown }) => listener(message.params))
    },
    close() {
      session.disconnect()
    },
  }
}
