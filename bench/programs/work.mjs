/** Work until a moment of `performance.now()`. Compiled once, so that it soon runs optimised. */
export const steadyWork = compile('steady_work', 0)

let compiled = 0

/**
 * The same work in a function that never ran before: from the interpreter V8 goes over to optimised
 * code in the middle of the loop, and has to leave that again at its end. The number in its text keeps
 * V8 from finding compiled code in its cache.
 */
export function freshWork() {
  return compile('fresh_work', ++compiled)
}

function compile(name, number) {
  return new Function(`// ${number}
return function ${name}(endMillis) {
  let sum = ${number}
  while (performance.now() < endMillis) {
    for (let i = 0; i < 2_000; i++) sum = (Math.imul(sum ^ i, 0x9e3779b1) + i) | 0
  }
  return sum
}`)()
}
