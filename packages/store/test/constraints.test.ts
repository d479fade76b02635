import { createDatabase, type TestDatabase } from '@qconn/testkit';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { openStore, type Store } from '../src/index.ts';
import { admin, authorized, enrolled, newToken, NOW } from './fixtures.ts';

/** What no code can do, because the database refuses it. */

let database: TestDatabase;
let store: Store;
let client: pg.Client;
let [holder, other, pending]: string[] = [];

beforeAll(async () => {
  database = await createDatabase();
  store = await openStore({ url: database.url });
  await store.roles.put({ name: 'used', grants: [], ...admin });
  holder = await authorized(store, 'held', ['used']);
  other = await authorized(store, 'other');
  pending = await enrolled(store);
  await store.tokens.create({ ...newToken({ id: 'ff' }), ...admin });
  await store.hub.initialise({ id: 'hub', bootstrap: { id: 'b0', secretHash: new Uint8Array(32) }, ...admin });
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});

afterAll(async () => {
  await client.end();
  await store.close();
  await database.drop();
});

test.each([
  ['two authorized machines with one hostname', `UPDATE machine SET hostname = 'held' WHERE fingerprint = $other`],
  ['a hostname in upper case', `UPDATE machine SET hostname = 'Other' WHERE fingerprint = $other`],
  ['a pending machine with a hostname', `UPDATE machine SET hostname = 'x' WHERE fingerprint = $pending`],
  ['an unknown status', `UPDATE machine SET status = 'frozen' WHERE fingerprint = $pending`],
  ['an authorization without its time', `UPDATE machine SET status = 'authorized' WHERE fingerprint = $pending`],
  ['a revocation without its time', `UPDATE machine SET status = 'revoked' WHERE fingerprint = $holder`],
  ['a revocation that is undone by halves', `UPDATE machine SET revoked_at = 1 WHERE fingerprint = $holder`],
  [
    'two machines with one key',
    `UPDATE machine SET spki = (SELECT spki FROM machine WHERE fingerprint = $holder) WHERE fingerprint = $other`,
  ],
  ['a role that goes while it is assigned', `DELETE FROM role WHERE name = 'used'`],
  ['a role that does not exist', `INSERT INTO machine_role VALUES ($other, 'ghost')`],
  ['a role that is assigned twice', `INSERT INTO machine_role VALUES ($holder, 'used')`],
  ['grants that are no list', `UPDATE role SET grants = '{}'`],
  ['a token that is spent too often', `UPDATE enrolment_token SET uses_left = uses_left - 2 WHERE id = 'ff'`],
  ['a token with more uses than it was given', `UPDATE enrolment_token SET uses_left = uses + 1 WHERE id = 'ff'`],
  ['a secret that is not hashed', `UPDATE enrolment_token SET secret_hash = 'secret'`],
  ['a certificate of nobody', `INSERT INTO credential VALUES ('aa', 'qc1nobody', 0, 1, 0, '', NULL)`],
  ['a certificate that ends before it begins', `INSERT INTO credential VALUES ('aa', $other, 1, 1, 0, '', NULL)`],
  [
    'two certificates with one serial',
    `INSERT INTO credential SELECT serial, $other, 0, 1, 0, '', NULL FROM credential LIMIT 1`,
  ],
  ['a second hub', `INSERT INTO hub VALUES (true, 'other', 0)`],
  ['a second open bootstrap secret', `INSERT INTO bootstrap VALUES ('b1', decode(repeat('00', 32), 'hex'), 0, NULL)`],
  ['a second generation', `INSERT INTO policy_generation VALUES (false, 1)`],
  ['a second head of the audit trail', `INSERT INTO audit_head VALUES (false, 1, '')`],
  ['two audit rows with one number', `INSERT INTO audit SELECT * FROM audit LIMIT 1`],
])('%s', async (_, statement) => {
  const text = statement
    .replace('$holder', `'${holder}'`)
    .replace('$other', `'${other}'`)
    .replace('$pending', `'${pending}'`);
  await expect(client.query(text)).rejects.toMatchObject({ code: expect.stringMatching(/^23/) as string });
});

test('a revoked machine may keep a name that another one holds', async () => {
  const revoke = `UPDATE machine SET status = 'revoked', revoked_at = ${NOW}, hostname = 'held' WHERE fingerprint = '${other}'`;
  await expect(client.query(revoke)).resolves.toMatchObject({ rowCount: 1 });
});
