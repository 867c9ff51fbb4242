/** Gone from the compiled code, so that its lines are others. */
export interface Item {
  readonly price: number
}

export interface Burn {
  readonly millis: number
}

export function calculateTotal(items: readonly Item[], { millis }: Burn): number {
  const end = Date.now() + millis
  let total = 0
  while (Date.now() < end) {
    for (const { price } of items) {
      total = Math.imul(total ^ price, 0x9e3779b1) + price
    }
  }
  return total
}

export class Cart {
  readonly items: Item[] = []

  fill(count: number): this {
    for (let i = 0; i < count; i++) {
      this.items.push({ price: i })
    }
    return this
  }

  checkout(burn: Burn): number {
    return calculateTotal(this.items, burn)
  }
}
