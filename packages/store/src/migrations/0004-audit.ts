/**
 * The audit trail: a chain of hashes in the order of commits. audit_head is its last link; taking
 * that row is what puts concurrent transactions in order.
 */
export const audit: readonly string[] = [
  `CREATE TABLE audit (
     id bigint PRIMARY KEY,
     at bigint NOT NULL,
     actor text NOT NULL,
     act text NOT NULL,
     subject text NOT NULL,
     before jsonb,
     after jsonb,
     prev_hash bytea NOT NULL CHECK (octet_length(prev_hash) = 32),
     hash bytea NOT NULL CHECK (octet_length(hash) = 32)
   )`,
  `CREATE INDEX audit_subject ON audit (subject, id)`,
  `CREATE INDEX audit_actor ON audit (actor, id)`,
  `CREATE INDEX audit_act ON audit (act, id)`,
  `CREATE INDEX audit_at ON audit (at)`,
  `CREATE TABLE audit_head (
     singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
     id bigint NOT NULL,
     hash bytea NOT NULL,
     prev_hash bytea
   )`,
  `INSERT INTO audit_head (id, hash) VALUES (0, decode(repeat('00', 32), 'hex'))`,
];
