/** What is to be seen in the profile, though Node.js runs what it was compiled to. */
export interface Item {
  readonly price: number
}

export async function checkout(started: Promise<void>): Promise<number> {
  const items: Item[] = Array.from({ length: 1000 }, (_, price) => ({ price }))
  let end: number = Number.POSITIVE_INFINITY
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

function totalOf(items: readonly Item[]): number {
  return items.reduce((sum, { price }) => sum + Math.sqrt(price), 0)
}
