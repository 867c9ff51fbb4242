import { listen } from './listen.mjs'

/**
 * Serves an app for a benchmark: the first answer is its URL, and each question is answered with the
 * CPU time and the requests so far.
 *
 * @param makeApp gets an object whose `handled` it counts up at each request.
 */
export async function serve(makeApp) {
  const requests = { handled: 0 }
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send({ result: { cpuMicros: user + system, handled: requests.handled } })
  })
  try {
    process.send({ result: { url: await listen(await makeApp(requests)) } })
  } catch (error) {
    process.send({ error: error.stack }, () => process.exit(1))
  }
}
