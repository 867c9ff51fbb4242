import { listen } from './programs/listen.mjs'

/**
 * A server for uploads that reads them slowly, as one does that is overloaded or far away.
 *
 * @returns its address, and the bytes of each upload it has taken.
 */
export async function startSlowServer(bytesASecond) {
  const uploadedBytes = []
  const address = await listen(async (request, response) => {
    let bytes = 0
    for await (const chunk of request) {
      bytes += chunk.length
      await new Promise((resolve) => setTimeout(resolve, (chunk.length / bytesASecond) * 1000))
    }
    uploadedBytes.push(bytes)
    response.end()
  })
  return { address, uploadedBytes }
}
