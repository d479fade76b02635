/** Enrolment tokens with their redemptions, API keys, and the bootstrap secret. Only hashes of secrets. */
export const enrolmentAndKeys: readonly string[] = [
  `CREATE TABLE enrolment_token (
     id text PRIMARY KEY CHECK (id ~ '^[0-9a-f]+$'),
     secret_hash bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
     uses integer NOT NULL CHECK (uses > 0),
     uses_left integer NOT NULL CHECK (uses_left BETWEEN 0 AND uses),
     hostname text,
     roles jsonb NOT NULL CHECK (jsonb_typeof(roles) = 'array'),
     auto_approve boolean NOT NULL,
     created_by text NOT NULL,
     created_at bigint NOT NULL,
     expires_at bigint NOT NULL,
     revoked_at bigint
   )`,
  `CREATE INDEX enrolment_token_age ON enrolment_token (created_at, id)`,
  `CREATE INDEX enrolment_token_expiry ON enrolment_token (expires_at)`,
  `CREATE TABLE enrolment_redemption (
     token text NOT NULL REFERENCES enrolment_token ON DELETE CASCADE,
     machine text NOT NULL REFERENCES machine ON DELETE CASCADE,
     redeemed_at bigint NOT NULL,
     PRIMARY KEY (token, machine)
   )`,
  `CREATE INDEX enrolment_redemption_machine ON enrolment_redemption (machine)`,
  `CREATE TABLE api_key (
     id text PRIMARY KEY CHECK (id ~ '^[0-9a-f]+$'),
     name text NOT NULL CHECK (name <> '' AND octet_length(name) <= 128),
     secret_hash bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
     scopes jsonb NOT NULL CHECK (jsonb_typeof(scopes) = 'array'),
     created_by text NOT NULL,
     created_at bigint NOT NULL,
     expires_at bigint NOT NULL,
     revoked_at bigint
   )`,
  `CREATE INDEX api_key_age ON api_key (created_at, id)`,
  `CREATE TABLE bootstrap (
     id text PRIMARY KEY CHECK (id ~ '^[0-9a-f]+$'),
     secret_hash bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
     created_at bigint NOT NULL,
     spent_at bigint
   )`,
  `CREATE UNIQUE INDEX bootstrap_one_open ON bootstrap ((true)) WHERE spent_at IS NULL`,
];
