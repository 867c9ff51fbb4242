'use strict'
Object.defineProperty(exports, '__esModule', { value: true })
exports.checkout = checkout
async function checkout(started) {
  const items = Array.from({ length: 1000 }, (_, price) => ({ price }))
  let end = Number.POSITIVE_INFINITY
  void started.then(() => {
    end = performance.now() + 400
  })
  let sum = 0
  while (performance.now() < end) {
    for (let i = 0; i < 200; i++) sum += totalOf(items)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return sum
}
function totalOf(items) {
  return items.reduce((sum, { price }) => sum + Math.sqrt(price), 0)
}
//# sourceMappingURL=cart.js.map
