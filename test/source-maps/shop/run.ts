import { Cart } from './cart.ts'

const applyDiscount = async (millis: number): Promise<number> => {
  await null
  const end = Date.now() + millis
  let discount = 1
  while (Date.now() < end) {
    for (let i = 0; i < 10_000; i++) {
      discount = (discount * 31 + i) | 0
    }
  }
  return discount
}

export async function run(millis = 300): Promise<number> {
  const total = new Cart().fill(1000).checkout({ millis })
  return total + (await applyDiscount(millis))
}
