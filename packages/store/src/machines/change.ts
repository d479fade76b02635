import { QconnError } from '@qconn/protocol';

import type { Act } from '../act.ts';
import { appendAudit, type AuditEntry } from '../audit/append.ts';
import type { Database, Trx } from '../database/database.ts';
import type { MachineStatus } from '../database/tables.ts';
import { policyChanged } from '../policy/changed.ts';
import { lockMachine } from './lock.ts';
import { auditView, type MachineRecord, readMachine } from './record.ts';

/** What is done to one machine. */
export interface MachineChange {
  /** Its name in the audit trail. */
  readonly act: string;
  /** Statuses in which a machine may be for it. */
  readonly from: readonly MachineStatus[];
  /** The version that the editor saw; left out: whatever is there. */
  readonly ifVersion?: string | undefined;
  /** What the audit trail tells of it beyond before and after. */
  readonly note?: object;
  /** Does it; returns what there is to record of other machines that it changes. */
  readonly make: (trx: Trx, before: MachineRecord) => Promise<readonly AuditEntry[]>;
}

/** @throws QconnError unknown_object; edit_conflict with `facts.version`; invalid_state with `facts.status`; whatever `make` throws */
export async function changeMachine(
  database: Database,
  fingerprint: string,
  act: Act,
  change: MachineChange,
): Promise<MachineRecord> {
  return await database.write(async (trx) => await changeLocked(trx, await lockMachine(trx, fingerprint), act, change));
}

/**
 * Changes a machine that the transaction has locked, then announces and records it. These come last,
 * so that every transaction takes its locks in one order: machines, generation, audit trail.
 */
export async function changeLocked(
  trx: Trx,
  before: MachineRecord,
  act: Act,
  change: MachineChange,
): Promise<MachineRecord> {
  const { fingerprint, status, version } = before;
  if (change.ifVersion !== undefined && change.ifVersion !== version)
    throw new QconnError('edit_conflict', `The machine ${fingerprint} has been changed in the meantime.`, {
      facts: { version },
    });
  if (!change.from.includes(status)) {
    const message = `The machine ${fingerprint} is ${status}, not ${change.from.join(' or ')}.`;
    throw new QconnError('invalid_state', message, { facts: { status } });
  }
  const others = await change.make(trx, before);
  const after = await readMachine(trx, fingerprint);
  const own = {
    act: change.act,
    subject: fingerprint,
    before: auditView(before),
    after: { ...auditView(after), ...change.note },
  };
  const entries = [...others, own];
  await policyChanged(trx, { machines: entries.map(({ subject }) => subject) });
  for (const entry of entries) await appendAudit(trx, act, entry);
  return after;
}
