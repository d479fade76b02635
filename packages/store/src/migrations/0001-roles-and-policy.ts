/** Roles, and the counter that every change of policy raises. */
export const rolesAndPolicy: readonly string[] = [
  `CREATE TABLE hub (
     singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
     id text NOT NULL CHECK (id <> ''),
     created_at bigint NOT NULL
   )`,
  `CREATE TABLE role (
     name text PRIMARY KEY CHECK (name <> '' AND octet_length(name) <= 128),
     grants jsonb NOT NULL CHECK (jsonb_typeof(grants) = 'array'),
     generation bigint NOT NULL CHECK (generation > 0),
     updated_at bigint NOT NULL
   )`,
  `CREATE TABLE policy_generation (
     singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
     generation bigint NOT NULL
   )`,
  `INSERT INTO policy_generation (generation) VALUES (1)`,
];
