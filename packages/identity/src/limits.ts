/** Limits of what identity reads and issues, each once, with its unit and its reason. */

const MINUTE_MS = 60_000;
const HOUR_MS: number = 60 * MINUTE_MS;
const DAY_MS: number = 24 * HOUR_MS;

/** Most bytes of a certificate request: a P-256 one is 250 to 400; the rest is for long subjects, which are ignored. */
export const CSR_MAX_BYTES = 4_096;

/** Most bytes of one certificate: ours are 600; a foreign intermediate with RSA-4096 and many extensions has 2,500. */
export const CERTIFICATE_MAX_BYTES = 8_192;

/** Most intermediates that a peer may present: ours present one, a brought CA two or three. */
export const INTERMEDIATES_MAX = 5;

/** Most roots in a trust bundle: one, two during a rotation. Bounds what a renewal may carry. */
export const TRUST_BUNDLE_MAX_ROOTS = 16;

/** Most bytes of a credential file: key, four certificates and sixteen roots take 30 KiB. */
export const CREDENTIAL_FILE_MAX_BYTES: number = 256 * 1024;

/** Most bytes of the file of session tickets: eight hubs with 16 KiB each. */
export const TICKET_FILE_MAX_BYTES: number = 128 * 1024;

/** Validity of a root in milliseconds: ten years of 365.25 days, for replacing one concerns every machine (ADR 0009). */
export const ROOT_VALIDITY_MS: number = 3_652.5 * DAY_MS;

/** Validity of an issuing CA in milliseconds: a year, so that a stolen one ages out. */
export const ISSUING_VALIDITY_MS: number = 365.25 * DAY_MS;

/** Default validity of a machine's certificate in milliseconds: a long weekend without a hub loses nothing. */
export const MACHINE_VALIDITY_MS: number = 7 * DAY_MS;

/** Shortest validity of a machine's certificate in milliseconds: below it renewals are all that happens. */
export const MACHINE_VALIDITY_MIN_MS: number = MINUTE_MS;

/** Longest validity of a machine's certificate in milliseconds: revocation lists must not have to remember longer. */
export const MACHINE_VALIDITY_MAX_MS: number = 45 * DAY_MS;

/** Validity of the hub's own server certificate in milliseconds; the hub renews it live. */
export const SERVER_VALIDITY_MS: number = 30 * DAY_MS;

/** How far a certificate's start may lie in the past, in milliseconds, for peers whose clock is behind. */
export const BACKDATE_MIN_MS: number = MINUTE_MS;
export const BACKDATE_MAX_MS: number = HOUR_MS;
