/**
 * Requests that were done, by who made them and the key that they chose, so that a repeated one is not done again; and
 * which API keys have a role.
 */
export const idempotency: readonly string[] = [
  `CREATE TABLE idempotency (
     caller text NOT NULL,
     key_hash bytea NOT NULL CHECK (octet_length(key_hash) = 32),
     request_hash bytea NOT NULL CHECK (octet_length(request_hash) = 32),
     done_at bigint NOT NULL,
     status integer,
     answer text CHECK (octet_length(answer) <= 65536),
     CONSTRAINT idempotency_key PRIMARY KEY (caller, key_hash)
   )`,
  `CREATE INDEX idempotency_age ON idempotency (done_at)`,
  `CREATE INDEX api_key_scopes ON api_key USING gin (scopes jsonb_path_ops)`,
];
