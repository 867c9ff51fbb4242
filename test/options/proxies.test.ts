import { describe, expect, it } from 'vitest'
import { proxyFor } from '../../src/options/proxies.ts'

const proxies = { http: 'http://plain:1', https: 'http://tls:1', none: undefined }

describe('the proxy', () => {
  it('is the one for the protocol', () => {
    expect(proxyFor(new URL('http://host'), proxies)?.host).toBe('plain:1')
    expect(proxyFor(new URL('https://host'), proxies)?.host).toBe('tls:1')
  })

  it('for HTTP is used for HTTPS where that has none, and not the other way round', () => {
    const only = { http: undefined, https: undefined, none: undefined }
    expect(proxyFor(new URL('https://host'), { ...only, http: 'http://plain:1' })).toBeDefined()
    expect(proxyFor(new URL('http://host'), { ...only, https: 'http://tls:1' })).toBeUndefined()
  })

  it.each([
    ['host', 'http://host:4040', false],
    ['HOST', 'http://host', false],
    ['host:4040', 'http://host:4040', false],
    ['host:4040', 'http://host', true],
    ['host:80', 'http://host', false],
    ['host:443', 'https://host', false],
    ['.internal', 'http://a.internal', false],
    ['*.internal', 'http://a.internal', false],
    ['internal', 'http://a.internal', false],
    ['internal', 'http://ainternal', true],
    ['*', 'http://host', false],
    ['a, b c', 'http://c', false],
    ['::1', 'http://[::1]:4040', false],
    ['[::1]', 'http://[::1]:4040', false],
    ['[::1]:4041', 'http://[::1]:4040', true],
    ['::1', 'http://[::2]:4040', true],
    ['', 'http://host', true],
  ])('with NO_PROXY=%s is used for %s: %s', (none, address, used) => {
    expect(proxyFor(new URL(address), { ...proxies, none }) !== undefined).toBe(used)
  })
})
