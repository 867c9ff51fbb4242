/**
 * Puts another function in the place of an object's method.
 *
 * @param wrap makes it, given the method that was there.
 * @returns takes it away again. Where another library has wrapped ours meanwhile, ours has to stay, and
 *   from then on does what the method did.
 */
export function wrapMethod<T extends object, Name extends keyof T>(
  object: T,
  name: Name,
  wrap: (original: T[Name]) => T[Name],
): () => void {
  const original = object[name]
  const inherited = !Object.hasOwn(object, name)
  const wrapped = wrap(original)
  object[name] = wrapped
  return () => {
    if (object[name] !== wrapped) return
    if (inherited) delete object[name]
    else object[name] = original
  }
}

/** The object along the prototype chain that has the member itself. */
export function definer<T extends object>(object: T, name: keyof T): T | undefined {
  for (let owner = object; owner !== null; owner = Object.getPrototypeOf(owner)) {
    if (Object.hasOwn(owner, name)) return owner
  }
  return undefined
}
