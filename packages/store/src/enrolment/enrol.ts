import { isQconnError, QconnError } from '@qconn/protocol';

import type { Act } from '../act.ts';
import { appendAudit } from '../audit/append.ts';
import { type CredentialRecord, insertCredential, type NewCredential } from '../credentials/record.ts';
import type { Database, Trx } from '../database/database.ts';
import { approval } from '../machines/approve.ts';
import { changeLocked } from '../machines/change.ts';
import { isHostname } from '../machines/hostname.ts';
import { lapsing } from '../machines/lapse.ts';
import { lockMachine } from '../machines/lock.ts';
import { type MachineRecord, readMachine } from '../machines/record.ts';
import { policyChanged } from '../policy/changed.ts';
import { requestedHostname } from '../tokens/hostname.ts';
import type { TokenRecord } from '../tokens/record.ts';
import { checkToken, type PresentedSecret, takeUse } from '../tokens/redeem.ts';

export interface EnrolmentRequest {
  readonly token: PresentedSecret;
  readonly fingerprint: string;
  /** SubjectPublicKeyInfo of the key that signed the request, DER. */
  readonly spki: Uint8Array;
  readonly shortCode: string;
  readonly requestedHostname?: string | undefined;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly now: number;
  /** How long after the end of its last certificate an authorized machine keeps what it was, in milliseconds. For ever when left out. */
  readonly graceMs?: number | undefined;
  /** Id of the trust bundle that the answer carries, while a rotation of the root is under way. */
  readonly trust?: string | undefined;
  /**
   * Issues the certificate. Runs inside the transaction, perhaps more than once, and only the last
   * result counts; it must not use the store.
   */
  readonly issue: (machine: MachineRecord) => Promise<NewCredential>;
}

export interface Enrolment {
  readonly machine: MachineRecord;
  readonly credential: CredentialRecord;
  /** False when the machine was known already. */
  readonly created: boolean;
  /** False when this machine had redeemed the token before. */
  readonly tokenUsed: boolean;
  /** Why a token that approves by itself has left the machine pending, for whoever enrols it. */
  readonly notApproved: string | undefined;
}

/**
 * Redeems a token, records the machine and its certificate: all of it or nothing. The same key is
 * always the same machine, and keeps its status, hostname and roles; past its grace period it is pending again.
 * @throws QconnError token_unknown, token_spent, token_expired, token_revoked, revoked
 */
export async function enrol(
  database: Database,
  { token: presented, ...request }: EnrolmentRequest,
): Promise<Enrolment> {
  return await database.write(async (trx) => {
    const { fingerprint, now } = request;
    const act: Act = { actor: `token:${presented.id}`, now };
    const token = await checkToken(trx, presented, now);
    const created = await upsertMachine(trx, request, token);
    // A row that this transaction has made is nobody else's yet.
    const found = created ? await readMachine(trx, fingerprint) : await lockMachine(trx, fingerprint);
    const known = (await lapseIfForgotten(trx, found, request, act)) ?? found;
    if (known.status === 'revoked') throw new QconnError('revoked', `The machine ${fingerprint} is revoked.`);
    const credential = await insertCredential(trx, fingerprint, await request.issue(known), now);
    if (request.trust !== undefined)
      await trx
        .updateTable('machine')
        .set({ held_trust: request.trust, held_issuer: credential.issuer })
        .where('fingerprint', '=', fingerprint)
        .execute();
    // From here on everybody with the same token waits for this transaction, and soon everybody who changes anything.
    const tokenUsed = await takeUse(trx, token, fingerprint, now);
    const admitted = await admitByToken(trx, known, token, act);
    const notApproved = typeof admitted === 'string' ? admitted : undefined;
    const machine = typeof admitted === 'object' ? admitted : withCredential(known, credential);
    if (created && machine.status === 'pending') await policyChanged(trx, { machines: [fingerprint] });
    const after = {
      token: token.id,
      tokenUsed,
      serial: credential.serial,
      status: machine.status,
      requestedHostname: machine.requestedHostname,
    };
    await appendAudit(trx, act, { act: created ? 'machine.enrol' : 'machine.reenrol', subject: fingerprint, after });
    return { machine, credential, created, tokenUsed, notApproved };
  });
}

/** A token lets a machine in, and says nothing of what it may do: that was forgotten with its grace period. */
async function lapseIfForgotten(
  trx: Trx,
  machine: MachineRecord,
  { graceMs, now }: Pick<EnrolmentRequest, 'graceMs' | 'now'>,
  act: Act,
): Promise<MachineRecord | undefined> {
  const { status, expiresAt, fingerprint } = machine;
  if (graceMs === undefined || status !== 'authorized' || expiresAt === null || expiresAt + graceMs >= now)
    return undefined;
  const reason = 'It enrolled again after its grace period.';
  return await changeLocked(trx, machine, act, lapsing({ fingerprint, reason }));
}

/** What the machine is now, without asking: the transaction has it locked. */
function withCredential(machine: MachineRecord, { notAfter }: CredentialRecord): MachineRecord {
  return { ...machine, expiresAt: Math.max(machine.expiresAt ?? notAfter, notAfter) };
}

/** @returns whether the machine is new */
async function upsertMachine(trx: Trx, request: Omit<EnrolmentRequest, 'token'>, token: TokenRecord): Promise<boolean> {
  const wishes = {
    requested_hostname: requestedHostname(token.hostname, request.requestedHostname),
    facts: JSON.stringify(request.facts),
  };
  const inserted = await trx
    .insertInto('machine')
    .values({
      ...wishes,
      fingerprint: request.fingerprint,
      spki: request.spki,
      short_code: request.shortCode,
      status: 'pending',
      hostname: null,
      created_at: request.now,
      authorized_at: null,
      revoked_at: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('fingerprint')
    .executeTakeFirst();
  if (inserted !== undefined) return true;
  await trx
    .updateTable('machine')
    .set(wishes)
    .where('fingerprint', '=', request.fingerprint)
    .where('status', '<>', 'revoked')
    .execute();
  return false;
}

/**
 * An automatic approval that a person would have to decide leaves the machine pending.
 * @returns the approved machine, or why it was not approved; nothing where there was nothing to approve
 */
async function admitByToken(
  trx: Trx,
  machine: MachineRecord,
  token: TokenRecord,
  act: Act,
): Promise<MachineRecord | string | undefined> {
  const { fingerprint, requestedHostname: hostname } = machine;
  if (!token.autoApprove || machine.status !== 'pending') return undefined;
  if (hostname === null)
    return token.hostname === null ? 'It asks for no hostname.' : `The token is for hostnames like ${token.hostname}.`;
  if (!isHostname(hostname)) return `${hostname} is no usable hostname.`;
  try {
    return await changeLocked(trx, machine, act, approval({ fingerprint, hostname, roles: token.roles, ...act }));
  } catch (error) {
    // Who holds it is for administrators to know.
    if (isQconnError(error, 'hostname_taken')) return `The hostname ${hostname} is held by another machine.`;
    if (isQconnError(error, 'unknown_role')) return 'A role of the token is there no more.';
    throw error;
  }
}
