import { isFingerprint } from '@qconn/identity';
import { QconnError } from '@qconn/protocol';
import type { MachineRecord, Store } from '@qconn/store';

/** What a short code looks like, as people type it. */
const SHORT_CODE = /^[a-z0-9]{4}-?[a-z0-9]{4}$/i;

/**
 * The machine that a person means: by fingerprint, by hostname, or, while it is pending, by its short
 * code or the hostname that it asks for.
 * @throws QconnError `unknown_object` when there is none, `invalid_request` when it could be several
 */
export async function findMachine(store: Store, name: string): Promise<MachineRecord> {
  const found = isFingerprint(name)
    ? await store.machines.find(name)
    : ((await store.machines.findByHostname(name)) ?? (await findPending(store, name)));
  if (found === undefined) throw new QconnError('unknown_object', `There is no machine ${name}.`);
  return found;
}

async function findPending(store: Store, name: string): Promise<MachineRecord | undefined> {
  const byCode = SHORT_CODE.test(name)
    ? (await store.machines.list({ status: 'pending', shortCode: normalCode(name), limit: 2 })).items
    : [];
  const found =
    byCode.length > 0
      ? byCode
      : (await store.machines.list({ status: 'pending', requestedHostname: name, limit: 2 })).items;
  if (found.length > 1)
    throw new QconnError('invalid_request', `Several pending machines ask for ${name}; name one by its fingerprint.`);
  return found[0];
}

function normalCode(text: string): string {
  const letters = text.replace('-', '').toUpperCase();
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
}
