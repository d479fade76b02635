/**
 * Enrolment tokens (`qt1…`), bootstrap secrets (`qb1…`) and API keys (`qk1…`, `qk_…`), and the password in a URL.
 * A fingerprint (`qc1…`) is public.
 */
const SECRET = /\bq[tbk][1_][a-z0-9_-]{8,}/gi;
const URL_PASSWORD = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@"]*:)[^\s/@"]+(?=@)/gi;

/** What stands in a text instead of a secret. */
export const HIDDEN = '[hidden]';

/** A text without the secrets in it. A token keeps its first letters, so that one can tell what it was. */
export function withoutSecrets(text: string): string {
  return text.replaceAll(SECRET, (secret) => `${secret.slice(0, 3)}${HIDDEN}`).replaceAll(URL_PASSWORD, `$1${HIDDEN}`);
}

/** True when a text holds something that looks like a secret of ours, or a URL with a password. */
export function containsSecret(text: string): boolean {
  return withoutSecrets(text) !== text;
}
