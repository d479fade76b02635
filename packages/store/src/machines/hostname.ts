import { QconnError } from '@qconn/protocol';

import type { AuditEntry } from '../audit/append.ts';
import type { Trx } from '../database/database.ts';
import { hasLiveCredential } from './lock.ts';

/** Names are compared without regard to case (RFC 1123, section 2.1; RFC 4343). */
export function normalHostname(hostname: string): string {
  return hostname.toLowerCase();
}

/** RFC 1123 names in normal form. The database checks the same for hostnames that are held. */
export function isHostname(text: string): boolean {
  return (
    text.length <= 128 && /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?([.][a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/.test(text)
  );
}

/** The machine that holds a hostname, locked; undefined when nobody does. */
export async function lockHolder(trx: Trx, hostname: string): Promise<string | undefined> {
  const query = trx
    .selectFrom('machine')
    .select('fingerprint')
    .where('hostname', '=', hostname)
    .where('status', '=', 'authorized');
  return (await query.forUpdate().executeTakeFirst())?.fingerprint;
}

/**
 * Makes sure that a hostname is free for `claimant`, and takes it from a holder whose last credential
 * has expired. The unique index decides when two claim it at the same moment: the loser's
 * transaction runs again and meets the winner here.
 * @returns what there is to record of a machine that lost the name: one entry or none
 * @throws QconnError hostname_taken with `facts.holder`
 */
export async function freeHostname(trx: Trx, hostname: string, claimant: string, now: number): Promise<AuditEntry[]> {
  const holder = await lockHolder(trx, hostname);
  if (holder === undefined || holder === claimant) return [];
  if (await hasLiveCredential(trx, holder, now)) throw hostnameTaken(hostname, holder);
  await trx.updateTable('machine').set({ hostname: null }).where('fingerprint', '=', holder).execute();
  const after = { hostname: null, reason: 'expired' };
  return [{ act: 'machine.release_hostname', subject: holder, before: { hostname }, after }];
}

export function hostnameTaken(hostname: string, holder: string): QconnError {
  return new QconnError('hostname_taken', `The hostname ${hostname} is held by ${holder}.`, {
    facts: { hostname, holder },
  });
}
