/**
 * An object that is what `target` is, to `instanceof` too, but for a few members of our own. Methods
 * run on the target itself, which may have private fields.
 */
export function delegating<T extends object>(target: T, own: Partial<T>): T {
  const bound = new Map<unknown, unknown>()

  function boundToTarget(method: unknown): unknown {
    if (typeof method !== 'function') return method
    const known = bound.get(method) ?? method.bind(target)
    bound.set(method, known)
    return known
  }

  return new Proxy(target, {
    get(_, key) {
      if (Object.hasOwn(own, key)) return own[key as keyof T]
      const member = Reflect.get(target, key)
      return key === 'constructor' ? member : boundToTarget(member)
    },
    set: (_, key, value) => Reflect.set(target, key, value),
  })
}
