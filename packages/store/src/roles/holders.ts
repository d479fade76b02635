import { QconnError } from '@qconn/protocol';
import { sql } from 'kysely';

import type { Trx } from '../database/database.ts';

/** Who has a role: machines by fingerprint, and API keys that are neither revoked nor expired, by id. */
export interface Holders {
  readonly machines: readonly string[];
  readonly keys: readonly string[];
}

/**
 * Nobody may have a role that is deleted: whoever made one of that name later would give it to them unawares.
 * @throws QconnError role_in_use with `facts.machines` and `facts.keys`, how many have it
 */
export async function refuseInUse(trx: Trx, role: string, now: number): Promise<Holders> {
  const { machines, keys } = await sql<{ machines: number; keys: number }>`
    SELECT (SELECT count(*) FROM machine_role WHERE role = ${role})::int AS machines,
           (SELECT count(*) FROM api_key WHERE scopes @> ${JSON.stringify([role])}::jsonb
             AND revoked_at IS NULL AND expires_at > ${now})::int AS keys
  `
    .execute(trx)
    .then(({ rows }) => rows[0] ?? { machines: 0, keys: 0 });
  if (machines + keys === 0) return { machines: [], keys: [] };
  const held = [
    ...(machines > 0 ? [`${machines} ${machines === 1 ? 'machine' : 'machines'}`] : []),
    ...(keys > 0 ? [`${keys} API ${keys === 1 ? 'key' : 'keys'}`] : []),
  ];
  throw new QconnError('role_in_use', `The role ${role} is assigned to ${held.join(' and ')}.`, {
    facts: { role, machines, keys },
  });
}

/** Takes a role from everybody who has it. */
export async function unassignAll(trx: Trx, role: string): Promise<Holders> {
  const machines = await trx.deleteFrom('machine_role').where('role', '=', role).returning('machine').execute();
  const keys = await sql<{ id: string }>`
    UPDATE api_key SET scopes = scopes - ${role}::text WHERE scopes @> ${JSON.stringify([role])}::jsonb RETURNING id
  `.execute(trx);
  return { machines: machines.map(({ machine }) => machine), keys: keys.rows.map(({ id }) => id) };
}
