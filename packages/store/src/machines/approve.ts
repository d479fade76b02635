import { QconnError } from '@qconn/protocol';

import type { Act } from '../act.ts';
import type { AuditEntry } from '../audit/append.ts';
import type { Database, Trx } from '../database/database.ts';
import { replaceLabels, replaceRoles, requireRoles } from './assign.ts';
import { changeMachine, type MachineChange } from './change.ts';
import { freeHostname, hostnameTaken, lockHolder, normalHostname } from './hostname.ts';
import { lockMachine } from './lock.ts';
import { auditView, type MachineRecord } from './record.ts';
import { markRevoked } from './revoke.ts';

export interface Approval {
  readonly fingerprint: string;
  readonly hostname: string;
  readonly roles: readonly string[];
  /** Replace the labels; left out: they stay. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Revoke this machine, which holds the hostname, in the same transaction: a host has a new key. */
  readonly replace?: string | undefined;
  /** The version that the editor saw; left out: whatever is there. */
  readonly ifVersion?: string | undefined;
}

export async function approve(database: Database, input: Approval & Act): Promise<MachineRecord> {
  return await changeMachine(database, input.fingerprint, input, approval(input));
}

/**
 * The change that authorizes a pending machine. It throws unknown_role, hostname_taken and
 * invalid_state before it has written anything.
 */
export function approval({
  fingerprint,
  roles,
  labels,
  replace,
  ifVersion,
  now,
  ...input
}: Approval & Act): MachineChange {
  const hostname = normalHostname(input.hostname);
  return {
    act: 'machine.approve',
    from: ['pending'],
    ifVersion,
    async make(trx) {
      await requireRoles(trx, roles);
      const others =
        replace === undefined
          ? await freeHostname(trx, hostname, fingerprint, now)
          : [await retireHolder(trx, hostname, replace, fingerprint, now)];
      await trx
        .updateTable('machine')
        .set({ status: 'authorized', hostname, authorized_at: now, recoveries: 0 })
        .where('fingerprint', '=', fingerprint)
        .execute();
      await replaceRoles(trx, fingerprint, roles);
      if (labels !== undefined) await replaceLabels(trx, fingerprint, labels);
      return others;
    },
  };
}

/** Revokes the holder of a hostname, if that is the machine that the administrator saw. */
async function retireHolder(
  trx: Trx,
  hostname: string,
  expected: string,
  successor: string,
  now: number,
): Promise<AuditEntry> {
  const holder = await lockHolder(trx, hostname);
  if (holder === undefined)
    throw new QconnError('invalid_state', `The machine ${expected} does not hold the hostname ${hostname}.`);
  if (holder !== expected) throw hostnameTaken(hostname, holder);
  const before = await lockMachine(trx, holder);
  await markRevoked(trx, holder, now);
  const after = { status: 'revoked', replacedBy: successor };
  return { act: 'machine.revoke', subject: holder, before: auditView(before), after };
}
