/**
 * What must never be shown, by its look: enrolment tokens (`qt1…`), bootstrap secrets (`qb1…`), API keys (`qk_…`),
 * private keys in PEM, and the password in a URL. A fingerprint (`qc1…`) is public.
 */
const TOKEN = /\bq[tbk][1_][a-z0-9_-]{8,}/gi;
const PRIVATE_KEY = /-----BEGIN ([A-Z ]{0,16}PRIVATE KEY)-----[^"]*/g;
/**
 * Whatever stands before the last `@`, for people do not always encode it; a port and a path are no password. The lengths
 * are bounded so that a hostile text takes time in proportion to its length.
 */
const URL_PASSWORD = /(\b[a-z][a-z0-9+.-]{0,16}:\/\/[^\s/:@"]{0,64}:)(?!\d{1,5}\/)[^\s"]{1,256}(?=@)/gi;

/** What stands in a text instead of a secret. */
export const HIDDEN = '[hidden]';

/** A text without the secrets in it. A token keeps its first letters, so that one can tell what it was. */
export function withoutSecrets(text: string): string {
  return text
    .replaceAll(TOKEN, (secret) => `${secret.slice(0, 3)}${HIDDEN}`)
    .replaceAll(PRIVATE_KEY, `$1 ${HIDDEN}`)
    .replaceAll(URL_PASSWORD, `$1${HIDDEN}`);
}

/** True when a text holds something that looks like a secret. */
export function containsSecret(text: string): boolean {
  return withoutSecrets(text) !== text;
}
