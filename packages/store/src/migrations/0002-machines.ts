/**
 * Machines and their credentials. A hostname belongs to one authorized machine at a time: that is the
 * partial unique index, not code. It is a name as RFC 1123 has it, in lower case, so that no two
 * names look alike.
 */
export const machines: readonly string[] = [
  `CREATE TABLE machine (
     fingerprint text PRIMARY KEY CHECK (fingerprint LIKE 'qc1%'),
     spki bytea NOT NULL UNIQUE,
     status text NOT NULL CHECK (status IN ('pending', 'authorized', 'revoked')),
     hostname text CONSTRAINT machine_hostname_form CHECK (
       octet_length(hostname) <= 128 AND
       hostname ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?([.][a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$'),
     requested_hostname text CHECK (octet_length(requested_hostname) <= 128),
     short_code text NOT NULL,
     facts jsonb NOT NULL CHECK (jsonb_typeof(facts) = 'object'),
     created_at bigint NOT NULL,
     authorized_at bigint,
     revoked_at bigint,
     recoveries integer NOT NULL DEFAULT 0,
     CHECK (status <> 'pending' OR hostname IS NULL),
     CHECK (status <> 'authorized' OR authorized_at IS NOT NULL),
     CHECK ((status = 'revoked') = (revoked_at IS NOT NULL))
   )`,
  `CREATE UNIQUE INDEX machine_hostname_held ON machine (hostname) WHERE status = 'authorized'`,
  `CREATE INDEX machine_hostname ON machine (hostname)`,
  `CREATE INDEX machine_requested_hostname ON machine (requested_hostname)`,
  `CREATE INDEX machine_short_code ON machine (short_code)`,
  `CREATE INDEX machine_age ON machine (created_at, fingerprint)`,
  `CREATE INDEX machine_status_age ON machine (status, created_at, fingerprint)`,
  `CREATE TABLE machine_role (
     machine text NOT NULL REFERENCES machine ON DELETE CASCADE,
     role text NOT NULL CONSTRAINT machine_role_known REFERENCES role ON DELETE RESTRICT,
     PRIMARY KEY (machine, role)
   )`,
  `CREATE INDEX machine_role_role ON machine_role (role, machine)`,
  `CREATE TABLE machine_label (
     machine text NOT NULL REFERENCES machine ON DELETE CASCADE,
     key text NOT NULL CHECK (key <> '' AND octet_length(key) <= 128),
     value text NOT NULL CHECK (octet_length(value) <= 128),
     PRIMARY KEY (machine, key)
   )`,
  `CREATE INDEX machine_label_value ON machine_label (key, value, machine)`,
  `CREATE TABLE credential (
     serial text PRIMARY KEY CHECK (serial ~ '^[0-9a-f]+$'),
     machine text NOT NULL REFERENCES machine ON DELETE CASCADE,
     not_before bigint NOT NULL,
     not_after bigint NOT NULL CHECK (not_after > not_before),
     issued_at bigint NOT NULL,
     der bytea NOT NULL,
     revoked_at bigint
   )`,
  `CREATE INDEX credential_machine ON credential (machine, not_after, serial)`,
  `CREATE INDEX credential_expiry ON credential (not_after, serial)`,
  `CREATE INDEX credential_revoked ON credential (not_after, serial) WHERE revoked_at IS NOT NULL`,
];
