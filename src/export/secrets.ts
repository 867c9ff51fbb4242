/** A text without what must not be seen. */
export type Redact = (text: string) => string

/**
 * Takes secrets out of texts that others wrote: a server may send back what it was sent, and an error
 * may quote it.
 */
export function redactor(secrets: readonly (string | undefined)[]): Redact {
  const forms = secrets
    .flatMap((secret) => (secret === undefined || secret === '' ? [] : [secret]))
    .flatMap((secret) => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])
    // The longest first, as one may hold another.
    .sort((a, b) => b.length - a.length)
  return (text) => forms.reduce((redacted, form) => redacted.replaceAll(form, '***'), text)
}
