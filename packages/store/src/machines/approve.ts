import { QconnError } from '@qconn/protocol';

import type { Act } from '../act.ts';
import { appendAudit } from '../audit/append.ts';
import type { Database, Trx } from '../database/database.ts';
import { policyChanged } from '../policy/changed.ts';
import { replaceLabels, replaceRoles, requireRoles } from './assign.ts';
import { auditRelease, freeHostname, hostnameTaken, lockHolder, normalHostname } from './hostname.ts';
import { lockMachine } from './lock.ts';
import { auditView, machineRecord, type MachineRecord, type MachineRow } from './record.ts';
import { markRevoked } from './revoke.ts';

export interface Approval {
  readonly fingerprint: string;
  readonly hostname: string;
  readonly roles: readonly string[];
  /** Replace the labels; left out: they stay. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Revoke this machine, which holds the hostname, in the same transaction: a host has a new key. */
  readonly replace?: string | undefined;
}

export async function approve(database: Database, { replace, ...input }: Approval & Act): Promise<MachineRecord> {
  return await database.write(async (trx) => {
    const row = await lockMachine(trx, input.fingerprint);
    if (row.status !== 'pending') throw new QconnError('invalid_state', `The machine ${row.fingerprint} is ${row.status}, not pending.`, { facts: { status: row.status } });
    const replaced = replace === undefined ? [] : [await retireHolder(trx, replace, input)];
    return await admit(trx, row, input, replaced);
  });
}

/** The swap is refused when the name is not held by the machine that the administrator saw. */
async function retireHolder(trx: Trx, replace: string, { hostname, ...act }: Approval & Act): Promise<MachineRow> {
  const holder = await lockHolder(trx, normalHostname(hostname));
  if (holder !== undefined && holder !== replace) throw hostnameTaken(hostname, holder);
  const row = await lockMachine(trx, replace);
  if (holder === undefined) throw new QconnError('invalid_state', `The machine ${replace} does not hold the hostname ${hostname}.`, { facts: { status: row.status } });
  await markRevoked(trx, row, act);
  return row;
}

/**
 * Authorizes a pending machine that the transaction has locked.
 * @param replaced machines that the transaction has just revoked for it
 * @throws QconnError unknown_role and hostname_taken before anything is written, hostname_invalid
 */
export async function admit(trx: Trx, row: MachineRow, { fingerprint, hostname: name, roles, labels, ...act }: Approval & Act, replaced: readonly MachineRow[] = []): Promise<MachineRecord> {
  const hostname = normalHostname(name);
  await requireRoles(trx, roles);
  const before = await machineRecord(trx, row);
  const released = await freeHostname(trx, hostname, fingerprint, act);
  const authorized = await trx
    .updateTable('machine')
    .set({ status: 'authorized', hostname, authorized_at: act.now })
    .where('fingerprint', '=', fingerprint)
    .returningAll()
    .executeTakeFirstOrThrow();
  await replaceRoles(trx, fingerprint, roles);
  if (labels !== undefined) await replaceLabels(trx, fingerprint, labels);
  const after = await machineRecord(trx, authorized);
  await policyChanged(trx, { machines: [fingerprint, ...(released === undefined ? [] : [released]), ...replaced.map((machine) => machine.fingerprint)] });
  for (const machine of replaced) await appendAudit(trx, act, { act: 'machine.revoke', subject: machine.fingerprint, before: { status: machine.status, hostname }, after: { status: 'revoked', replacedBy: fingerprint } });
  await auditRelease(trx, act, released, hostname);
  await appendAudit(trx, act, { act: 'machine.approve', subject: fingerprint, before: auditView(before), after: auditView(after) });
  return after;
}
