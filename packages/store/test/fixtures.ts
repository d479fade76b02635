import { createHash } from 'node:crypto';

import type { EnrolmentRequest, NewCredential, NewToken, Store } from '../src/index.ts';

export const NOW = 1_800_000_000_000;
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

export const admin = { actor: 'key:admin', now: NOW } as const;

let count = 0;

/** A number that no other call in this process gets. */
export function unique(): number {
  return ++count;
}

export function sha256(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}

/** Pin of the issuing CA of fixtures. */
export const ISSUER: string = 'c0'.repeat(32);

export function newCredential(validity: { from?: number; until?: number; issuer?: string } = {}): NewCredential {
  const serial = sha256(`serial ${unique()}`).subarray(0, 16);
  return {
    serial: Buffer.from(serial).toString('hex'),
    notBefore: validity.from ?? NOW - HOUR,
    notAfter: validity.until ?? NOW + 7 * DAY,
    der: serial,
    issuer: validity.issuer ?? ISSUER,
  };
}

export function newToken(changes: Partial<NewToken> = {}): NewToken & { secretHash: Uint8Array } {
  const id = unique().toString(16).padStart(16, '0');
  return { id, secretHash: sha256(id), expiresAt: NOW + DAY, uses: 1, ...changes };
}

/** An enrolment request of a new key. */
export function newRequest(
  token: { id: string; secretHash: Uint8Array },
  changes: Partial<EnrolmentRequest> = {},
): EnrolmentRequest {
  const spki = sha256(`key ${unique()}`);
  return {
    token,
    spki,
    fingerprint: `qc1${Buffer.from(spki).toString('hex').slice(0, 38)}`,
    shortCode: Buffer.from(spki).toString('hex').slice(0, 8),
    facts: { os: 'linux' },
    now: NOW,
    issue: async () => newCredential(),
    ...changes,
  };
}

/** Enrols a machine that nobody has approved yet. */
export async function enrolled(store: Store, changes: Partial<EnrolmentRequest> = {}): Promise<string> {
  const token = newToken();
  await store.tokens.create({ ...token, ...admin });
  return (await store.enrol(newRequest(token, changes))).machine.fingerprint;
}

/** Enrols and approves a machine. */
export async function authorized(
  store: Store,
  hostname: string,
  roles: readonly string[] = [],
  changes: Partial<EnrolmentRequest> = {},
): Promise<string> {
  const fingerprint = await enrolled(store, changes);
  await store.machines.approve({ fingerprint, hostname, roles, ...admin });
  return fingerprint;
}

/** Sorts the results of competitors into those that won and the codes with which the others lost. */
export async function race<T>(competitors: ReadonlyArray<Promise<T>>): Promise<{ won: T[]; lost: string[] }> {
  const settled = await Promise.allSettled(competitors);
  return {
    won: settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])),
    lost: settled.flatMap((result) =>
      result.status === 'rejected' ? [(result.reason as { code?: string }).code ?? String(result.reason)] : [],
    ),
  };
}
