import type { ColumnType, Generated } from 'kysely';

/** JSON goes in as text, so that both drivers send the same, and comes out parsed. */
type Json<T> = ColumnType<T, string, string>;
type NullableJson = ColumnType<unknown, string | null, never>;

/** Milliseconds since 1970, always given by the caller: the database's clock decides nothing. */
type Epoch = number;

export interface HubTable {
  singleton: Generated<boolean>;
  id: string;
  created_at: Epoch;
}

export type MachineStatus = 'pending' | 'authorized' | 'revoked';

export interface MachineTable {
  fingerprint: string;
  spki: Uint8Array;
  status: MachineStatus;
  hostname: string | null;
  requested_hostname: string | null;
  short_code: string;
  facts: Json<Readonly<Record<string, unknown>>>;
  created_at: Epoch;
  authorized_at: Epoch | null;
  revoked_at: Epoch | null;
  recoveries: Generated<number>;
  held_trust: Generated<string | null>;
  held_issuer: Generated<string | null>;
}

export interface MachineLabelTable {
  machine: string;
  key: string;
  value: string;
}

export interface MachineRoleTable {
  machine: string;
  role: string;
}

/** Whose certificate it is: a machine's, a hub's own, or a CA's. */
export type CertificateKind = 'machine' | 'server' | 'issuing' | 'root';

export interface CredentialTable {
  serial: string;
  machine: string | null;
  not_before: Epoch;
  not_after: Epoch;
  issued_at: Epoch;
  der: Uint8Array;
  revoked_at: Epoch | null;
  kind: Generated<CertificateKind>;
  subject: Generated<string | null>;
  issuer: string | null;
}

export type RotationPhase = 'prepared' | 'activated' | 'pruned' | 'aborted';

export interface RotationTable {
  root: string;
  previous_root: string;
  issuer: string;
  trust: string;
  phase: RotationPhase;
  started_at: Epoch;
  activated_at: Epoch | null;
  renew_within_ms: number | null;
  ended_at: Epoch | null;
}

export interface RoleTable {
  name: string;
  grants: Json<readonly unknown[]>;
  generation: number;
  updated_at: Epoch;
}

export interface TokenTable {
  id: string;
  secret_hash: Uint8Array;
  uses: number;
  uses_left: number;
  hostname: string | null;
  roles: Json<readonly string[]>;
  auto_approve: boolean;
  created_by: string;
  created_at: Epoch;
  expires_at: Epoch;
  revoked_at: Epoch | null;
}

export interface RedemptionTable {
  token: string;
  machine: string;
  redeemed_at: Epoch;
}

export interface KeyTable {
  id: string;
  name: string;
  secret_hash: Uint8Array;
  scopes: Json<readonly string[]>;
  created_by: string;
  created_at: Epoch;
  expires_at: Epoch;
  revoked_at: Epoch | null;
}

export interface BootstrapTable {
  id: string;
  secret_hash: Uint8Array;
  created_at: Epoch;
  spent_at: Epoch | null;
}

export interface PolicyGenerationTable {
  singleton: Generated<boolean>;
  generation: number;
}

export interface AuditTable {
  id: number;
  at: Epoch;
  actor: string;
  act: string;
  subject: string;
  before: NullableJson;
  after: NullableJson;
  prev_hash: Uint8Array;
  hash: Uint8Array;
}

export interface AuditHeadTable {
  singleton: Generated<boolean>;
  id: number;
  prev_hash: Uint8Array | null;
  hash: Uint8Array;
}

export interface IdempotencyTable {
  caller: string;
  key_hash: Uint8Array;
  request_hash: Uint8Array;
  done_at: Epoch;
  status: number | null;
  answer: string | null;
}

/** The schema as queries see it. src/migrations/ makes it. */
export interface Tables {
  hub: HubTable;
  machine: MachineTable;
  machine_label: MachineLabelTable;
  machine_role: MachineRoleTable;
  credential: CredentialTable;
  ca_rotation: RotationTable;
  role: RoleTable;
  enrolment_token: TokenTable;
  enrolment_redemption: RedemptionTable;
  api_key: KeyTable;
  bootstrap: BootstrapTable;
  policy_generation: PolicyGenerationTable;
  audit: AuditTable;
  audit_head: AuditHeadTable;
  idempotency: IdempotencyTable;
}
