const BYTE_ORDER_MARK = Buffer.from('\ufeff')

/** Where a text in UTF-8 begins: behind the mark that says that it is one, which is no part of it. */
export function textStart(bytes: Buffer): number {
  const { length } = BYTE_ORDER_MARK
  return BYTE_ORDER_MARK.equals(bytes.subarray(0, length)) ? length : 0
}
