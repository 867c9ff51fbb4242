import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout } from 'node:timers/promises'

/**
 * A server for uploads that reads them slowly, as one does that is overloaded or far away.
 *
 * @returns its address, the bytes of each upload it has taken, and a function that ends it.
 */
export async function startSlowServer(bytesASecond) {
  const uploadedBytes = []
  const server = createServer(async (request, response) => {
    let bytes = 0
    for await (const chunk of request) {
      bytes += chunk.length
      await setTimeout((chunk.length / bytesASecond) * 1000)
    }
    uploadedBytes.push(bytes)
    response.end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { address: `http://127.0.0.1:${server.address().port}`, uploadedBytes, close }
}
