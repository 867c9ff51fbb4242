/**
 * Replaces a method of an object by a wrapper.
 *
 * @param wrap returns the wrapper, given the method that was there.
 * @returns removes the wrapper. If another library has wrapped it meanwhile it stays, and has to behave
 *   as the method did. `undefined` if the object refuses the change, as a frozen one does.
 */
export function wrapMethod<T extends object, Name extends keyof T>(
  object: T,
  name: Name,
  wrap: (original: T[Name]) => T[Name],
): (() => void) | undefined {
  const original = object[name]
  const own = Object.getOwnPropertyDescriptor(object, name)
  const wrapped = wrap(original)
  // Defined, as an assignment fails where a frozen prototype has the method.
  const descriptor = own ?? { configurable: true, enumerable: false, writable: true }
  const { get: _, set: __, ...data } = descriptor
  if (!Reflect.defineProperty(object, name, { ...data, value: wrapped })) return undefined
  return () => {
    if (object[name] !== wrapped) return
    if (own === undefined) Reflect.deleteProperty(object, name)
    else Reflect.defineProperty(object, name, own)
  }
}

/** The object along the prototype chain that has the member itself. */
export function ownerOf<T extends object>(object: T, name: keyof T): T | undefined {
  for (let owner = object; owner !== null; owner = Object.getPrototypeOf(owner)) {
    if (Object.hasOwn(owner, name)) return owner
  }
  return undefined
}
