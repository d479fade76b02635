import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { ManualClock } from '@qconn/clock';
import { CertificateAuthority, TrustBundle, type IssuedCertificate } from '@qconn/identity';
import type { Store } from '@qconn/store';
import { expect, onTestFinished, test } from 'vitest';
import { Hub, loadHubConfig, openHubAuthority } from '../../src/index.ts';
import { saveAuthority } from '../../src/authority/authority-files.ts';
import { authorityFolder } from '../../src/authority/authority-folders.ts';
import { ServerCertificate } from '../../src/authority/server-certificate.ts';
import { CapturedLog } from './captured-log.ts';
import { RunningHub } from './running-hub.ts';

test('a hub that cannot listen leaves nothing behind that would keep the process alive', async () => {
  const taken = createSocket('udp4').bind(0, '127.0.0.1');
  await once(taken, 'listening');
  onTestFinished(() => void taken.close());
  const clock = new ManualClock(Date.now());
  let listening = 0;
  const store = {
    hub: { find: () => Promise.resolve({ id: 'hub-1' }) },
    rotations: { last: () => Promise.resolve(undefined) },
    credentials: { recordAuthority: () => Promise.resolve() },
    policy: {
      onChange: () => Promise.resolve((listening++, () => listening--)),
      load: () => Promise.resolve({ generation: 0, roles: [], machines: [], revokedSerials: [] }),
    },
  } as unknown as Store;
  const folder = await mkdtemp(join(tmpdir(), 'qconn-hub-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const config = loadHubConfig({
    flags: {
      '--data': { path: 'dataFolder', value: folder },
      '--host': { path: 'listen.host', value: '127.0.0.1' },
      '--quic-port': { path: 'listen.quicPort', value: taken.address().port },
      '--https-port': { path: 'listen.httpsPort', value: 0 },
    },
  });
  await saveAuthority(authorityFolder(folder), await CertificateAuthority.create({ name: 'Test', now: Date.now() }));
  const authority = await openHubAuthority(config, store);
  const started = Hub.start(config, { store, authority, log: new CapturedLog().logger, clock });
  await expect(started).rejects.toMatchObject({ code: 'address_in_use' });
  expect({ timers: clock.pendingTimers, listening }).toEqual({ timers: 0, listening: 0 });
});

test('a hub stops although somebody holds connections open and says nothing', async () => {
  const running = await RunningHub.start();
  const { port } = running.hub.httpsAddress;
  const tcp = connectTcp({ host: '127.0.0.1', port });
  const tls = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false });
  await Promise.all([once(tcp, 'connect'), once(tls, 'secureConnect')]);
  const gone = Promise.all([once(tcp.resume(), 'close'), once(tls.resume(), 'close')]);
  await running.close();
  await gone;
});

test('a certificate that is being renewed when the hub stops sets no timer any more', async () => {
  const clock = new ManualClock();
  const authority = await CertificateAuthority.create({ name: 'Test', now: clock.now() });
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<IssuedCertificate>();
  let first: IssuedCertificate | undefined;
  const slow = {
    rootPem: authority.rootPem,
    issueServer: async (options: Parameters<CertificateAuthority['issueServer']>[0]) => {
      if (first !== undefined) asked.resolve();
      return first === undefined ? (first = await authority.issueServer(options)) : answer.promise;
    },
  } as CertificateAuthority;
  const trust = TrustBundle.parse(authority.rootPem);
  const certificate = await ServerCertificate.issue(
    { clock, random: () => 0, authority: { serving: slow, vouching: undefined, trust } },
    [],
  );
  let renewals = 0;
  certificate.keep(() => renewals++);
  clock.advance(29 * 86_400_000);
  await asked.promise;
  certificate.close();
  answer.resolve(first as unknown as IssuedCertificate);
  await new Promise((resolve) => setImmediate(resolve));
  expect({ renewals, timers: clock.pendingTimers }).toEqual({ renewals: 0, timers: 0 });
});
