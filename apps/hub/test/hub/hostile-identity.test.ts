import { X509Certificate } from 'node:crypto';
import { systemClock, type Clock } from '@qconn/clock';
import { createTestPki, malleableTwin } from '@qconn/testkit';
import { isQconnError, type ErrorCode } from '@qconn/protocol';
import type { TlsIdentity } from '@qconn/transport';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RunningHub, type TestMachine } from './running-hub.ts';
import { ScriptedClient } from './scripted-client.ts';

const DAY_MS = 86_400_000;

let hub: RunningHub;
let machine: TestMachine;

/** Nothing comes by the net that is under missed announcements, which asks the database after so many milliseconds. */
const RESYNC_MS = 30_000;
const clock: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic(),
  setTimer: (delayMs, fire) => (delayMs === RESYNC_MS ? { cancel: () => {} } : systemClock.setTimer(delayMs, fire)),
};

beforeAll(async () => {
  hub = await RunningHub.start({ clock });
  machine = await hub.machine();
});

afterAll(() => hub.close());

/** How the hub refuses: in the handshake, or after it, when TLS 1.3 has let the client finish first. */
async function refusal(tls: TlsIdentity, alpns?: readonly string[]): Promise<string> {
  try {
    return (await (await hub.connect(tls, alpns)).closed).error.code;
  } catch (error) {
    if (isQconnError(error)) return error.code;
    throw error;
  }
}

/** Tells of one more refusal than there were, and that an honest machine is still served. */
async function expectLoggedAndServing(event: string, code: ErrorCode): Promise<void> {
  await hub.log.line(event, (line) => line['code'] === code);
  const client = new ScriptedClient(await hub.connect(machine.tls));
  expect((await client.greet()).fingerprint).toBe(machine.fingerprint);
  client.close();
}

describe('who may not connect is told why, the hub logs it, and the others are served', () => {
  test('without a common application protocol', async () => {
    expect(await refusal(machine.tls, ['h3'])).toBe('no_alpn');
    await expectLoggedAndServing('handshake_refused', 'no_alpn');
  });

  test('with a certificate of another CA', async () => {
    const other = await createTestPki({ name: 'Other' });
    const { keyPem, chainPem } = await other.machine();
    expect(await refusal({ keyPem, chainPem, trustPem: machine.tls.trustPem })).toBe('certificate_untrusted');
    await expectLoggedAndServing('handshake_refused', 'certificate_untrusted');
  });

  test('with a certificate of this CA for a machine that the hub does not know', async () => {
    expect(await refusal(await hub.strayCertificate(Date.now()))).toBe('unknown_machine');
    await expectLoggedAndServing('session_refused', 'unknown_machine');
  });

  test('with an expired certificate', async () => {
    expect(await refusal(await hub.strayCertificate(Date.now() - 10 * DAY_MS))).toBe('certificate_expired');
    await expectLoggedAndServing('handshake_refused', 'certificate_expired');
  });

  test('without a certificate', async () => {
    expect(await refusal({ keyPem: '', chainPem: [], trustPem: machine.tls.trustPem })).toBe('certificate_required');
    await expectLoggedAndServing('handshake_refused', 'certificate_required');
  });

  test('after its revocation, and a live connection is closed as soon as that is announced', async () => {
    const revoked = await hub.machine();
    const client = new ScriptedClient(await hub.connect(revoked.tls));
    await client.greet();
    await hub.store.machines.revoke({ fingerprint: revoked.fingerprint, actor: 'test', now: Date.now() });
    expect((await client.closed).error.code).toBe('revoked');
    expect(await refusal(revoked.tls)).toBe('revoked');
    await expectLoggedAndServing('session_refused', 'revoked');
  });
});

describe('who somebody is comes from the key of the certificate that they prove', () => {
  test('the (r, n−s) twin of a certificate is the same machine, and revoked with it', async () => {
    const { fingerprint, tls } = await hub.machine();
    const [leaf = '', ...others] = tls.chainPem;
    const twin = { ...tls, chainPem: [twinOf(leaf), ...others] };
    expect(twin.chainPem[0]).not.toBe(leaf);
    const client = new ScriptedClient(await hub.connect(twin));
    expect((await client.greet()).fingerprint).toBe(fingerprint);
    const serial = new X509Certificate(leaf).serialNumber.toLowerCase();
    await hub.store.credentials.revoke({ serial, actor: 'test', now: Date.now() });
    expect((await client.closed).error.code).toBe('revoked');
    expect(await refusal(twin)).toBe('revoked');
  });

  test('a foreign leaf that comes along gives nobody another name', async () => {
    const other = await hub.machine();
    const [foreign = ''] = other.tls.chainPem;
    const [leaf = '', ...others] = machine.tls.chainPem;
    const client = new ScriptedClient(await hub.connect({ ...machine.tls, chainPem: [leaf, foreign, ...others] }));
    expect((await client.greet()).fingerprint).toBe(machine.fingerprint);
    client.close();
    // First in the chain it would have to be proven, and the key is another.
    await expect(hub.connect({ ...machine.tls, chainPem: [foreign, leaf, ...others] })).rejects.toThrow();
    expect(
      hub.log.lines.some(({ event, machine: name }) => event === 'session_began' && name === other.fingerprint),
    ).toBe(false);
  });
});

function twinOf(pem: string): string {
  return new X509Certificate(malleableTwin(new X509Certificate(pem).raw)).toString();
}
