import type { Selectable } from 'kysely';

import type { RoleTable } from '../database/tables.ts';

/** One grant of a role. The shape is that of @qconn/authz, which also checks it. */
export interface RoleGrant {
  readonly effect: 'allow' | 'deny';
  readonly verb: 'provide' | 'submit' | 'query' | 'admin';
  readonly serviceTypes: readonly string[];
  readonly selector?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly hostnames?: readonly string[];
  };
}

/** A named set of grants. */
export interface RoleRecord {
  readonly name: string;
  readonly grants: readonly RoleGrant[];
  /** Raised by every edit; names a version, so that no edit is lost (`ifGeneration`). */
  readonly generation: number;
  readonly updatedAt: number;
}

export function roleRecordOf(row: Selectable<RoleTable>): RoleRecord {
  return {
    name: row.name,
    grants: row.grants as readonly RoleGrant[],
    generation: row.generation,
    updatedAt: row.updated_at,
  };
}
