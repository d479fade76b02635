import { isFingerprint } from '@qconn/identity';
import { QconnError } from '@qconn/protocol';
import type { MachineRecord, Store } from '@qconn/store';

/** What a short code looks like, as people type it. */
const SHORT_CODE = /^[a-z0-9]{4}-?[a-z0-9]{4}$/i;

/**
 * The machine that a person means: by fingerprint, by hostname, by its short code, or, while it is pending, by the hostname
 * that it asks for. Where two machines have one code, which somebody may have brought about, neither is meant.
 * @throws QconnError `unknown_object` when there is none, `invalid_request` when it could be several
 */
export async function findMachine(store: Store, name: string): Promise<MachineRecord> {
  const found = isFingerprint(name)
    ? await store.machines.find(name)
    : ((await store.machines.findByHostname(name)) ??
      (await findByCode(store, name)) ??
      (await findAsking(store, name)));
  if (found === undefined) throw new QconnError('unknown_object', `There is no machine ${name}.`);
  return found;
}

async function findByCode(store: Store, name: string): Promise<MachineRecord | undefined> {
  if (!SHORT_CODE.test(name)) return undefined;
  const { items } = await store.machines.list({ shortCode: normalCode(name), limit: 2 });
  return only(items, `Several machines have the code ${name}`);
}

async function findAsking(store: Store, name: string): Promise<MachineRecord | undefined> {
  const { items } = await store.machines.list({ status: 'pending', requestedHostname: name, limit: 2 });
  return only(items, `Several pending machines ask for ${name}`);
}

function only(found: readonly MachineRecord[], several: string): MachineRecord | undefined {
  if (found.length > 1) throw new QconnError('invalid_request', `${several}; name one by its fingerprint.`);
  return found[0];
}

function normalCode(text: string): string {
  const letters = text.replace('-', '').toUpperCase();
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
}
