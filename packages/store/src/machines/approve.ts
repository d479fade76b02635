import { QconnError } from '@qconn/protocol';

import type { Act } from '../act.ts';
import { appendAudit } from '../audit/append.ts';
import type { Database, Trx } from '../database/database.ts';
import { policyChanged } from '../policy/changed.ts';
import { replaceLabels, replaceRoles, requireRoles } from './assign.ts';
import { auditRelease, freeHostname, hostnameTaken, lockHolder, normalHostname } from './hostname.ts';
import { lockMachine } from './lock.ts';
import { auditView, type MachineRecord, readMachine } from './record.ts';
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
    const machine = await lockMachine(trx, input.fingerprint);
    if (machine.status !== 'pending')
      throw new QconnError('invalid_state', `The machine ${machine.fingerprint} is ${machine.status}, not pending.`, {
        facts: { status: machine.status },
      });
    const replaced = replace === undefined ? [] : [await retireHolder(trx, replace, input)];
    return await admit(trx, machine, input, replaced);
  });
}

/** The swap is refused when the name is not held by the machine that the administrator saw. */
async function retireHolder(trx: Trx, replace: string, { hostname, ...act }: Approval & Act): Promise<MachineRecord> {
  const holder = await lockHolder(trx, normalHostname(hostname));
  if (holder !== undefined && holder !== replace) throw hostnameTaken(hostname, holder);
  const machine = await lockMachine(trx, replace);
  if (holder === undefined)
    throw new QconnError('invalid_state', `The machine ${replace} does not hold the hostname ${hostname}.`, {
      facts: { status: machine.status },
    });
  await markRevoked(trx, replace, act);
  return machine;
}

/**
 * Authorizes a pending machine that the transaction has locked.
 * @param before the machine
 * @param replaced machines that the transaction has just revoked for it
 * @throws QconnError unknown_role and hostname_taken before anything is written, hostname_invalid
 */
export async function admit(
  trx: Trx,
  before: MachineRecord,
  { fingerprint, hostname: name, roles, labels, ...act }: Approval & Act,
  replaced: readonly MachineRecord[] = [],
): Promise<MachineRecord> {
  const hostname = normalHostname(name);
  await requireRoles(trx, roles);
  const released = await freeHostname(trx, hostname, fingerprint, act);
  await trx
    .updateTable('machine')
    .set({ status: 'authorized', hostname, authorized_at: act.now, recoveries: 0 })
    .where('fingerprint', '=', fingerprint)
    .execute();
  await replaceRoles(trx, fingerprint, roles);
  if (labels !== undefined) await replaceLabels(trx, fingerprint, labels);
  const after = await readMachine(trx, fingerprint);
  await policyChanged(trx, {
    machines: [
      fingerprint,
      ...(released === undefined ? [] : [released]),
      ...replaced.map((machine) => machine.fingerprint),
    ],
  });
  for (const machine of replaced)
    await appendAudit(trx, act, {
      act: 'machine.revoke',
      subject: machine.fingerprint,
      before: { status: machine.status, hostname },
      after: { status: 'revoked', replacedBy: fingerprint },
    });
  await auditRelease(trx, act, released, hostname);
  await appendAudit(trx, act, {
    act: 'machine.approve',
    subject: fingerprint,
    before: auditView(before),
    after: auditView(after),
  });
  return after;
}
