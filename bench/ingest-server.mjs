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
export async function startIngestServer(directory, port = 0) {
  let received = 0
  const server = createServer(async (request, response) => {
    const profile = await profileIn(request)
    await writeFile(join(directory, `ingested-${received++}.pb.gz`), profile)
    response.end()
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { address: `http://127.0.0.1:${server.address().port}`, close }
}

/** The body is the profile, or a form with a part of that name. */
async function profileIn(request) {
  const body = await buffer(request)
  const type = request.headers['content-type'] ?? ''
  if (!type.startsWith('multipart/form-data')) return body
  const form = await new Response(body, { headers: { 'content-type': type } }).formData()
  return Buffer.from(await form.get('profile').arrayBuffer())
}
