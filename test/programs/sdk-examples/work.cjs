/** What the examples profile: work and waiting in small pieces, until a profiler has run for a while. */
async function slowCode() {
  let end = performance.now() + 20_000
  started.then(() => {
    end = performance.now() + 400
  })
  while (performance.now() < end) {
    busy(20)
    await new Promise(setImmediate)
  }
  return 'done'
}

/** The first that the sampler thread answers is the request to start. */
const started = new Promise((resolve) => {
  process.once('worker', (worker) => {
    worker.on('message', ({ type }) => type === 'answer' && resolve())
  })
})

function busy(millis) {
  const end = performance.now() + millis
  let x = 0
  do for (let i = 0; i < 500; i++) x = Math.imul(x ^ i, 0x9e3779b1) + i
  while (performance.now() < end)
  return x
}

module.exports = { busy, slowCode, started }
