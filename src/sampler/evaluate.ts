import type { Transport } from './transport.js'

/**
 * What an expression gives in the profiled thread; `undefined` where it throws. Its text should be
 * constant, as V8 keeps each that it has compiled.
 */
export async function evaluate(transport: Transport, expression: string): Promise<unknown> {
  const { result } = (await transport.send('Runtime.evaluate', {
    expression,
    returnByValue: true,
    silent: true,
  })) as { result: { value?: unknown } }
  return result.value
}
