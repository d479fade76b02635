import { QconnError } from '@qconn/protocol';

import type { Act } from '../act.ts';
import { appendAudit } from '../audit/append.ts';
import type { Database, Trx } from '../database/database.ts';
import { type LaggingMachine, readLagging } from './lagging.ts';
import { type RotationRecord, rotationRecordOf } from './record.ts';

export interface NewRotation extends Pick<RotationRecord, 'root' | 'previousRoot' | 'issuer' | 'trust'> {}

export interface Prune {
  /** How long after its expiry a certificate may be renewed, in milliseconds. */
  readonly graceMs: number;
  /** Goes on although machines whose certificate has expired lack the new root: they have to enrol again. */
  readonly leaveExpired?: boolean | undefined;
}

/** Machines that a refusal names; it tells how many there are. */
const NAMED_MAX = 20;

export async function prepareRotation(
  database: Database,
  { root, previousRoot, issuer, trust, ...act }: NewRotation & Act,
): Promise<RotationRecord> {
  return await database.write(async (trx) => {
    const row = {
      root,
      previous_root: previousRoot,
      issuer,
      trust,
      phase: 'prepared',
      started_at: act.now,
      activated_at: null,
      renew_within_ms: null,
      ended_at: null,
    } as const;
    // An index lets one be open: of two that prepare at once, the second finds the first here.
    const inserted = await trx
      .insertInto('ca_rotation')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .returning('root')
      .executeTakeFirst();
    if (inserted === undefined) throw new QconnError('invalid_state', 'A rotation of the root is under way already.');
    await appendAudit(trx, act, { act: 'ca.prepare', subject: root, after: { previousRoot } });
    return rotationRecordOf(row);
  });
}

export async function activateRotation(
  database: Database,
  { renewWithinMs, ...act }: { readonly renewWithinMs: number } & Act,
): Promise<RotationRecord> {
  return await step(database, act, {
    act: 'ca.activate',
    from: 'prepared',
    values: { phase: 'activated', activated_at: act.now, renew_within_ms: renewWithinMs },
  });
}

/** Ends a rotation with the new root, unless it would lock out machines. @throws QconnError rotation_blocked */
export async function pruneRotation(
  database: Database,
  { graceMs, leaveExpired = false, ...act }: Prune & Act,
): Promise<RotationRecord> {
  return await step(database, act, {
    act: 'ca.prune',
    from: 'activated',
    values: { phase: 'pruned', ended_at: act.now },
    check: async (trx, rotation) => {
      const lagging = await readLagging(trx, rotation, { now: act.now, graceMs, limit: NAMED_MAX });
      if (lagging.live > 0) throw blocked(lagging.live, lagging.machines, 'are not ready for the old root to go');
      if (lagging.expired > 0 && !leaveExpired)
        throw blocked(
          lagging.expired,
          lagging.machines,
          'have expired, may still come back, and could not: wait for them, revoke them, or leave them behind on purpose',
        );
      return { leftBehind: lagging.expired };
    },
  });
}

/** Takes the activation back: the old CA signs again. */
export async function deactivateRotation(database: Database, act: Act): Promise<RotationRecord> {
  return await step(database, act, {
    act: 'ca.deactivate',
    from: 'activated',
    values: { phase: 'prepared', activated_at: null, renew_within_ms: null },
  });
}

/** Ends a rotation with the old root, unless machines hold nothing else than a certificate of the new one. @throws QconnError rotation_blocked */
export async function abortRotation(database: Database, act: Act): Promise<RotationRecord> {
  return await step(database, act, {
    act: 'ca.abort',
    from: 'prepared',
    values: { phase: 'aborted', ended_at: act.now },
    check: async (trx, { issuer }) => {
      const moved = await trx
        .selectFrom('machine')
        .select(['fingerprint', 'short_code as shortCode', 'hostname'])
        .where('status', '<>', 'revoked')
        .where((where) =>
          where.exists(
            where
              .selectFrom('credential')
              .select('serial')
              .whereRef('credential.machine', '=', 'machine.fingerprint')
              .where('credential.issuer', '=', issuer)
              .where('not_after', '>', act.now)
              .where('credential.revoked_at', 'is', null),
          ),
        )
        .where('held_issuer', '=', issuer)
        .orderBy('fingerprint')
        .limit(NAMED_MAX + 1)
        .execute();
      if (moved.length > 0) throw blocked(moved.length, moved, 'hold certificates of the new CA');
      return {};
    },
  });
}

/** One step of the rotation that is under way, with its audit row. */
async function step(
  database: Database,
  act: Act,
  change: {
    readonly act: string;
    readonly from: 'prepared' | 'activated';
    readonly values: object;
    /** What the audit row tells beside the phases. @throws QconnError why not */
    readonly check?: (trx: Trx, rotation: RotationRecord) => Promise<object>;
  },
): Promise<RotationRecord> {
  return await database.write(async (trx) => {
    const before = await openRotation(trx);
    if (before === undefined) throw new QconnError('invalid_state', 'No rotation of the root is under way.');
    const { root, phase } = before;
    if (phase !== change.from)
      throw new QconnError('invalid_state', `The rotation is ${phase}, not ${change.from}.`, { facts: { phase } });
    const note = (await change.check?.(trx, before)) ?? {};
    const row = await trx
      .updateTable('ca_rotation')
      .set(change.values)
      .where('root', '=', root)
      .returningAll()
      .executeTakeFirstOrThrow();
    const after = rotationRecordOf(row);
    await appendAudit(trx, act, {
      act: change.act,
      subject: root,
      before: { phase },
      after: { phase: after.phase, ...note },
    });
    return after;
  });
}

/** Locked, so that two administrators take their steps one after the other. */
async function openRotation(trx: Trx): Promise<RotationRecord | undefined> {
  const row = await trx
    .selectFrom('ca_rotation')
    .selectAll()
    .where('ended_at', 'is', null)
    .forUpdate()
    .executeTakeFirst();
  return row === undefined ? undefined : rotationRecordOf(row);
}

function blocked(
  count: number,
  machines: readonly Pick<LaggingMachine, 'fingerprint' | 'hostname' | 'shortCode'>[],
  why: string,
): QconnError {
  const names = machines.slice(0, NAMED_MAX).map(({ hostname, shortCode }) => hostname ?? shortCode);
  const more = count > names.length ? ` and ${count > NAMED_MAX ? 'more' : count - names.length}` : '';
  return new QconnError('rotation_blocked', `Machines ${why}: ${names.join(', ')}${more}.`, {
    facts: { machines: count },
  });
}
