/** No profiler: what the others are compared with. */
export async function start() {
  return { withLabels: (_labels, fn) => fn(), stop: async () => {} }
}
