import { type RawBuilder, sql } from 'kysely';

/** The roles of the row of `machine` that a query reads. */
export const ROLES_OF_MACHINE: RawBuilder<readonly string[]> = sql`
  coalesce((SELECT jsonb_agg(role ORDER BY role) FROM machine_role WHERE machine = fingerprint), '[]')`;

/** The labels of the row of `machine` that a query reads. */
export const LABELS_OF_MACHINE: RawBuilder<Readonly<Record<string, string>>> = sql`
  coalesce((SELECT jsonb_object_agg(key, value) FROM machine_label WHERE machine = fingerprint), '{}')`;
