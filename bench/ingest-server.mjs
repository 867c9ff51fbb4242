import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'

/**
 * Stands in for a Pyroscope server: takes whatever is posted and keeps it as `.pb.gz` files.
 *
 * @returns its address, and a function that ends it.
 */
export async function startIngestServer(directory) {
  let received = 0
  const server = createServer(async (request, response) => {
    const body = await buffer(request)
    await writeFile(join(directory, `ingested-${received++}.pb.gz`), body)
    response.end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { address: `http://127.0.0.1:${server.address().port}`, close }
}
