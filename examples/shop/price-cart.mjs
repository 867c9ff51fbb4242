/** The price of a cart in cents, each line with the promotion that saves the customer most. */
export function priceCart({ lines, promotions }) {
  let total = 0
  for (const line of lines) {
    const full = line.cents * line.quantity
    let best = full
    for (const promotion of promotions) {
      if (promotion.department !== line.department) continue
      if (line.quantity < promotion.fromQuantity) continue
      const reduced = Math.round((full * (100 - promotion.percent)) / 100)
      if (reduced < best) best = reduced
    }
    total += best + Math.round(best * line.taxRate)
  }
  return total
}

export function makeCart({ lines, promotions }) {
  return {
    lines: Array.from({ length: lines }, (_, i) => ({
      cents: 199 + ((i * 737) % 9000),
      quantity: 1 + (i % 7),
      department: i % 5,
      taxRate: i % 3 === 0 ? 0.07 : 0.19,
    })),
    promotions: Array.from({ length: promotions }, (_, i) => ({
      department: i % 5,
      fromQuantity: 1 + (i % 9),
      percent: (i * 13) % 40,
    })),
  }
}
