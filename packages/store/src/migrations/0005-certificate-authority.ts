/**
 * Every certificate of the hub's CA is a row of credential, those of hubs and CAs too; the rotation of the root; and
 * what each machine has said that it holds while one is under way.
 */
export const certificateAuthority: readonly string[] = [
  `ALTER TABLE credential
     ALTER COLUMN machine DROP NOT NULL,
     ADD COLUMN kind text NOT NULL DEFAULT 'machine' CHECK (kind IN ('machine', 'server', 'issuing', 'root')),
     ADD COLUMN subject text,
     ADD COLUMN issuer text CHECK (issuer ~ '^[0-9a-f]{64}$'),
     ADD CONSTRAINT credential_owner CHECK ((kind = 'machine') = (machine IS NOT NULL))`,
  `CREATE INDEX credential_kind ON credential (kind, not_after, serial) WHERE kind <> 'machine'`,
  `CREATE TABLE ca_rotation (
     root text PRIMARY KEY CHECK (root ~ '^[0-9a-f]{64}$'),
     previous_root text NOT NULL CHECK (previous_root ~ '^[0-9a-f]{64}$'),
     issuer text NOT NULL CHECK (issuer ~ '^[0-9a-f]{64}$'),
     trust text NOT NULL CHECK (trust <> ''),
     phase text NOT NULL CHECK (phase IN ('prepared', 'activated', 'pruned', 'aborted')),
     started_at bigint NOT NULL,
     activated_at bigint,
     renew_within_ms bigint,
     ended_at bigint,
     CHECK ((phase IN ('pruned', 'aborted')) = (ended_at IS NOT NULL)),
     CHECK (phase <> 'activated' OR (activated_at IS NOT NULL AND renew_within_ms IS NOT NULL))
   )`,
  `CREATE UNIQUE INDEX ca_rotation_open ON ca_rotation ((true)) WHERE ended_at IS NULL`,
  `ALTER TABLE machine ADD COLUMN held_trust text, ADD COLUMN held_issuer text`,
];
