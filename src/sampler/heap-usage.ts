import type { Transport } from './transport.js'

/** Bytes of the profiled thread's heap in use, garbage included. Costs next to nothing. */
export async function usedHeapBytes(transport: Transport): Promise<number> {
  const { usedSize } = (await transport.send('Runtime.getHeapUsage')) as { usedSize: number }
  return usedSize
}
