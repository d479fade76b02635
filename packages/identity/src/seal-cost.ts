/** Work that a passphrase costs (RFC 7914, section 2): memory is `128 · 2^logN · r` bytes. */
export interface SealCost {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

/** 64 MiB and a third of a second on a small machine: what OWASP's password storage cheat sheet asks of scrypt. */
export const SEAL_COST: SealCost = { logN: 16, r: 8, p: 2 };
