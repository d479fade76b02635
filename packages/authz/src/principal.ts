/** Where a machine stands with the administrators. Expiry is a fact of a credential, not a status. */
export type Status = 'pending' | 'authorized' | 'revoked';

/** Somebody whose rights are asked for: a machine, or an API key under an id of its own. */
export interface Principal {
  /** The machine's fingerprint (`qc1…`), or another id that no machine can have. */
  readonly fingerprint: string;
  readonly status: Status;
  /** Absent as long as no administrator has given it one. */
  readonly hostname?: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** Names of roles. A name that no role has grants nothing. */
  readonly roles: readonly string[];
}

/** The name by which people know a principal: its hostname, else its fingerprint. */
export function nameOf(principal: Principal): string {
  return principal.hostname ?? principal.fingerprint;
}
