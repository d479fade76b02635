import type { Selectable } from 'kysely';

import type { RotationPhase, RotationTable } from '../database/tables.ts';

/** A change of the hub's root, under way or ended. Pins are SHA-256 of public keys, hex. */
export interface RotationRecord {
  /** Pin of the new root. */
  readonly root: string;
  /** Pin of the root that it takes the place of. */
  readonly previousRoot: string;
  /** Pin of the issuing CA below the new root. */
  readonly issuer: string;
  /** Id of the trust bundle with both roots. */
  readonly trust: string;
  readonly phase: RotationPhase;
  readonly startedAt: number;
  readonly activatedAt: number | null;
  /** Over how long machines spread their renewals, in milliseconds; null before the activation. */
  readonly renewWithinMs: number | null;
  readonly endedAt: number | null;
}

export function rotationRecordOf(row: Selectable<RotationTable>): RotationRecord {
  const { root, issuer, trust, phase } = row;
  return {
    root,
    previousRoot: row.previous_root,
    issuer,
    trust,
    phase,
    startedAt: row.started_at,
    activatedAt: row.activated_at,
    renewWithinMs: row.renew_within_ms,
    endedAt: row.ended_at,
  };
}
