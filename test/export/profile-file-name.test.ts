import { expect, it } from 'vitest'
import { profileFileName } from '../../src/export/profile-file-name.ts'

it.each([
  ['@acme/cart', 'acme-cart'],
  ['../../etc/passwd', '..-..-etc-passwd'],
  ['my shop: €', 'my-shop-'],
  ['a'.repeat(500), 'a'.repeat(100)],
])('the file name of an app called %j begins with %s', (appName, expected) => {
  const startTimeMillis = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
  expect(profileFileName({ appName, type: { name: 'cpu' }, startTimeMillis })).toBe(
    `${expected}-cpu-20260102T030405678Z-${process.pid}.pb.gz`,
  )
})
