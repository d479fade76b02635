import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, CredentialStore, enroll, fetchPinnedTrust, HubHttps, parseSecret } from '@qconn/client';
import { createDatabase } from '@qconn/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { MOMENTS, type Moment } from '../src/dying-machine.ts';
import { HubProcess } from '../src/hub-process.ts';
import { Site } from '../src/site.ts';

const DYING_MACHINE = fileURLToPath(new URL('../src/dying-machine.ts', import.meta.url));
const DYING_HUB = 'e2e/src/dying-hub.ts';

/** Runs a machine to its end in the middle of a renewal. @returns how it ended */
async function dieWhen(moment: Moment, folder: string): Promise<unknown> {
  const machine = spawn(process.execPath, ['--conditions=@qconn/source', DYING_MACHINE, folder, moment], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code, signal] = (await once(machine, 'exit')) as [number | null, string | null];
  return signal ?? code;
}

test('a machine that is killed at any moment of a renewal comes back as the same machine', async () => {
  const site = await Site.open();
  onTestFinished(() => site.close());
  const machines = MOMENTS.map((moment, index) => ({ moment, name: `machine-${index}` }));
  await Promise.all(
    machines.map(async ({ moment, name }) => {
      const { fingerprint } = await site.enrol(name);
      await site.authorize(name, [{ effect: 'allow', verb: 'query', serviceTypes: ['*'] }]);
      expect(await dieWhen(moment, join(site.folder, name)), moment).toBe('SIGKILL');
      const client = await site.connect(name);
      expect(await client.connected({ phase: 'online' }), moment).toMatchObject({ fingerprint, hostname: name });
      // And the next renewal goes through, over what the crash has left.
      expect(await client.renewNow(), moment).toBeGreaterThan(Date.now());
    }),
  );
});

test('a hub that is killed between its commit and its answer: nobody is locked out, nobody becomes two machines', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'qconn-dying-'));
  const database = await createDatabase();
  onTestFinished(async () => {
    await database.drop();
    await rm(folder, { recursive: true });
  });
  const start = (ports?: { quic: string; https: string }, dies?: string): Promise<HubProcess> => {
    const hub = join(folder, 'hub');
    if (dies === undefined) return HubProcess.start(hub, database.url, ports);
    return HubProcess.start(hub, database.url, ports, { DIES_AFTER: dies }, DYING_HUB);
  };

  const first = await start(undefined, 'enrolment');
  const { ports, https, bootstrapSecret = '' } = first;
  const url = `https://${https}`;
  const { pem: trustPem } = await fetchPinnedTrust(
    new URL(url),
    parseSecret(bootstrapSecret, 'qb').pin ?? new Uint8Array(),
  );
  const guest = new HubHttps({ url, trustPem });
  const { key } = (await guest.call('POST', '/v1/bootstrap', { secret: bootstrapSecret, name: 'test' })) as {
    key: string;
  };
  guest.close();
  const api = new HubHttps({ url, trustPem, key });
  onTestFinished(() => api.close());
  const { token } = (await api.call('POST', '/v1/tokens', { uses: 1 })) as { token: string };
  const store = new CredentialStore(join(folder, 'machine'));
  const enrol = (): Promise<{ fingerprint: string }> =>
    enroll({ hub: url, token, store, hostname: 'machine', agent: 'e2e/1' });

  // The token is spent and the machine is recorded, but it has got nothing.
  await expect(enrol()).rejects.toMatchObject({ code: 'unreachable' });
  await first.ended();
  const second = await start(ports, 'renewal');
  const { fingerprint } = await enrol();
  const listed = (await api.call('GET', '/v1/machines')) as { items: { fingerprint: string }[] };
  expect(listed.items.map((machine) => machine.fingerprint)).toEqual([fingerprint]);
  await api.call('POST', '/v1/machines/machine/approve', { roles: [] });

  // The new certificate is recorded, but the machine has not got it.
  const client = await connect({ credentials: store, agent: 'e2e/1' });
  onTestFinished(() => client.close(0));
  await client.connected({ phase: 'online' });
  const back = client.events();
  const lost = expect(client.renewNow()).rejects.toThrow();
  await second.ended();
  const hub = await start(ports);
  onTestFinished(() => hub.kill());
  // The connection is dead, and the client may not know it: what it sends now is answered with a stateless reset.
  const asked = client.request('work@nobody', new Uint8Array(500)).catch(() => {});
  for await (const event of back) if (event.kind === 'phase' && event.phase === 'online') break;
  await Promise.all([lost, asked]);
  expect(client.machine).toMatchObject({ fingerprint, hostname: 'machine' });
  expect(await client.renewNow()).toBeGreaterThan(Date.now());
});
