/** What stands before the `@` of an address, as it is meant. */
export interface UrlCredentials {
  readonly user: string | undefined
  readonly password: string | undefined
}

export function credentialsIn({ username, password }: URL): UrlCredentials {
  return { user: decoded(username), password: decoded(password) }
}

function decoded(text: string): string | undefined {
  if (text === '') return undefined
  try {
    return decodeURIComponent(text)
  } catch {
    return text // A percent sign that stands for itself.
  }
}

/** @returns `undefined` where there are none. */
export function basicAuthorization({ user, password }: UrlCredentials): string | undefined {
  if (user === undefined && password === undefined) return undefined
  return `Basic ${Buffer.from(`${user ?? ''}:${password ?? ''}`).toString('base64')}`
}
