import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CredentialStore } from '@qconn/identity';
import { expect, onTestFinished, test } from 'vitest';
import { SessionTickets } from '../../src/credential/session-tickets.ts';
import { MemoryTicketStore } from './memory-ticket-store.ts';

const HUB = { host: 'hub.example', port: 7443 };
const TICKET = Uint8Array.of(1, 2, 3);

test('a ticket is found again by the same hub and certificate, after a restart too', async () => {
  const store = new MemoryTicketStore();
  (await SessionTickets.load(store)).keep(HUB, 'leaf', TICKET);
  const tickets = await SessionTickets.load(store);
  expect(tickets.find(HUB, 'leaf')).toEqual(Buffer.from(TICKET));
  expect(tickets.find({ ...HUB, port: 1 }, 'leaf')).toBeUndefined();
  expect(tickets.find(HUB, 'renewed leaf')).toBeUndefined();
});

test('a newer ticket takes the place of the older, and those of a former certificate go', async () => {
  const store = new MemoryTicketStore();
  const tickets = await SessionTickets.load(store);
  tickets.keep(HUB, 'leaf', TICKET);
  tickets.keep(HUB, 'renewed leaf', TICKET);
  tickets.keep(HUB, 'renewed leaf', Uint8Array.of(9));
  expect(JSON.parse(store.text ?? '')).toHaveLength(1);
  expect(tickets.find(HUB, 'renewed leaf')).toEqual(Buffer.of(9));
});

test('whoever closes may wait until no file is being written any more, whether it could be or not', async () => {
  const writes: PromiseWithResolvers<void>[] = [];
  const tickets = await SessionTickets.load({
    readTickets: () => Promise.resolve(undefined),
    writeTickets: () => {
      const write = Promise.withResolvers<void>();
      writes.push(write);
      return write.promise;
    },
  });
  for (const leaf of ['leaf', 'renewed leaf']) tickets.keep(HUB, leaf, TICKET);
  const seen: string[] = [];
  const written = tickets.written.then(() => seen.push('written'));
  for (const [n, write] of writes.entries()) {
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(`write ${n} ends`);
    if (n === 0) write.reject(new Error('the disk is full'));
    else write.resolve();
  }
  await written;
  expect(seen).toEqual(['write 0 ends', 'write 1 ends', 'written']);
});

test('of many hubs the latest eight are kept', async () => {
  const store = new MemoryTicketStore();
  const tickets = await SessionTickets.load(store);
  for (let port = 1; port <= 20; port += 1) tickets.keep({ ...HUB, port }, 'leaf', TICKET);
  expect(JSON.parse(store.text ?? '')).toHaveLength(8);
  expect(tickets.find({ ...HUB, port: 20 }, 'leaf')).toBeDefined();
});

test.each([
  ['no JSON', 'nonsense'],
  ['no list', '{"hub":1}'],
  ['a ticket that is no text', '[{"hub":"h:1","certificate":"c","ticket":7}]'],
  ['nothing in it', '[null]'],
])('a file with %s holds no ticket', async (_what, text) => {
  const tickets = await SessionTickets.load(new MemoryTicketStore(text));
  expect(tickets.find({ host: 'h', port: 1 }, 'leaf')).toBeUndefined();
});

test('beside a credential the file is for its owner only; one that others may read is passed over', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'qconn-tickets-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const store = new CredentialStore(folder);
  const file = path.join(folder, 'session-tickets.json');
  await store.writeTickets('[]');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  rmSync(file);
  writeFileSync(file, '[]', { mode: 0o644 });
  await expect(store.readTickets()).rejects.toMatchObject({ code: 'credential_exposed' });
  expect((await SessionTickets.load(store)).find(HUB, 'leaf')).toBeUndefined();
});

test('where a passphrase protects the credential no ticket is written', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'qconn-tickets-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const store = new CredentialStore(folder, { passphrase: 'secret' });
  await store.writeTickets('[]');
  expect(await store.readTickets()).toBeUndefined();
  expect(() => statSync(path.join(folder, 'session-tickets.json'))).toThrow('ENOENT');
});
