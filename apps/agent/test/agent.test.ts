import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from '@qconn/client';
import { systemClock } from '@qconn/clock';
import { ALPN_QCONN_1, QconnError } from '@qconn/protocol';
import { createMemoryNetwork } from '@qconn/transport';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AdapterSettings } from '../src/adapters/create-adapter.ts';
import type { DeviceConfig } from '../src/config/agent-config.ts';
import { Agent } from '../src/run/agent.ts';
import { CapturedLog } from './captured-log.ts';
import { FakeHub } from './fake-hub.ts';

const IDENTITY = {
  hub: 'https://hub.example:8443',
  fingerprint: 'qc1agent',
  shortCode: 'K7QM-2XPD',
  certificateExpiresAt: '2026-01-02T03:04:05.000Z',
};

let spool = '';
let running: Agent | undefined;
beforeEach(() => {
  spool = mkdtempSync(path.join(tmpdir(), 'qconn-agent-'));
});
afterEach(async () => {
  await running?.close();
  rmSync(spool, { recursive: true });
});

function device(name: string, adapter: AdapterSettings): DeviceConfig {
  return { name, serviceTypes: ['print'], concurrency: 4, adapter };
}

function spooler(name = 'spool-1'): DeviceConfig {
  return device(name, { type: 'file', folder: spool, name: 'job' });
}

function program(...argv: string[]): DeviceConfig {
  const limits = { timeoutMs: 25_000, killGraceMs: 2_000, answerMaxBytes: 65_536 };
  return device('program-1', { type: 'exec', argv, environment: {}, passEnvironment: [], ...limits });
}

/** An agent that is started against a fake hub over the memory transport. */
async function started(
  hub: FakeHub,
  devices: readonly DeviceConfig[],
): Promise<{ agent: Agent; log: CapturedLog; client: Client }> {
  const network = createMemoryNetwork();
  const address = { host: '192.0.2.1', port: 4_433 };
  network.createEndpoint({ address, handlers: hub.handlers, requireClientCertificate: false });
  const endpoint = network.createEndpoint();
  const target = { address, serverName: 'hub', alpns: [ALPN_QCONN_1], tls: { keyPem: '', chainPem: [], trustPem: [] } };
  const dial = (signal: AbortSignal) => endpoint.connect({ ...target, signal });
  const client = new Client({ clock: systemClock, random: () => 0, dial }, 'qconn-agent/test');
  const log = new CapturedLog();
  const made = new Agent({ client, clock: systemClock, log: log.log }, { identity: IDENTITY, devices });
  running = made;
  client.start();
  await made.start();
  return { agent: made, log, client };
}

test('provides its devices and hands their jobs to the adapters', async () => {
  const hub = new FakeHub();
  const { agent, log } = await started(hub, [spooler(), program('tr', 'a-z', 'A-Z')]);
  await log.line(/^online as printer-pc with the role printer$/);
  expect(await hub.deliver('spool-1', 'a label')).toEqual({ body: '' });
  expect(await hub.deliver('program-1', 'shout')).toEqual({ body: 'SHOUT' });
  expect(readFileSync(path.join(spool, 'job'), 'utf8')).toBe('a label');
  expect([...hub.devices]).toEqual([
    ['spool-1', ['print']],
    ['program-1', ['print']],
  ]);
  expect(await log.line(/^job done$/)).toMatchObject({
    device: 'spool-1',
    from: 'lims',
    serviceType: 'print',
    bytes: 7,
  });
  expect(agent.status).toMatchObject({
    running: true,
    pid: process.pid,
    phase: 'online',
    machine: { status: 'authorized', hostname: 'printer-pc', roles: ['printer'] },
    ...IDENTITY,
    devices: [
      { name: 'spool-1', target: `file ${spool}`, jobs: { running: 0, done: 1, failed: 0 }, problem: null },
      { name: 'program-1', target: 'exec tr', jobs: { running: 0, done: 1, failed: 0 }, problem: null },
    ],
    lastError: null,
  });
});

test('says with which short code it waits for approval, and when it has been approved', async () => {
  const hub = new FakeHub({ pending: true });
  const { agent, log } = await started(hub, [spooler()]);
  expect(await log.line(/waiting for approval/)).toMatchObject({
    level: 'warn',
    msg: 'connected, waiting for approval: give an administrator the short code K7QM-2XPD',
    shortCode: 'K7QM-2XPD',
    fingerprint: 'qc1agent',
  });
  expect(agent.status).toMatchObject({ phase: 'pending', machine: { status: 'pending', hostname: null, roles: [] } });
  hub.approve();
  await log.line(/^approved; online as printer-pc with the role printer$/);
  expect(log.messages.filter((message) => /online|approval/.test(message))).toHaveLength(2);
});

test('says which devices no role lets it provide, also when its roles change while it is connected', async () => {
  const hub = new FakeHub({ pending: true });
  hub.permitted = false;
  const { agent, log } = await started(hub, [spooler()]);
  await log.line(/waiting for approval/);
  hub.approve();
  expect(await log.line(/^no role lets this machine provide spool-1 yet/)).toMatchObject({ level: 'warn' });
  expect(agent.status.devices[0]?.permitted).toBe(false);
});

test('an approval that comes together with the welcome is not lost', async () => {
  const hub = new FakeHub({ pending: true });
  void hub.welcomed().then(() => hub.approve());
  const { agent, log } = await started(hub, [spooler()]);
  await log.line(/online as printer-pc with the role printer$/);
  expect(agent.status).toMatchObject({ phase: 'online', machine: { status: 'authorized', hostname: 'printer-pc' } });
});

test('tells a sender what a job failed with, and logs it', async () => {
  const hub = new FakeHub();
  const { agent, log } = await started(hub, [program('/no/such/program')]);
  await log.line(/^online/);
  const reason = 'exec /no/such/program cannot be started: there is no such program.';
  expect(await hub.deliver('program-1', 'x')).toEqual({ outcome: { code: 'rejected', reason, retryAfterMs: 0 } });
  expect(await log.line(/^job refused$/)).toMatchObject({ level: 'warn', err: { code: 'rejected', message: reason } });
  expect(agent.status.devices[0]?.jobs).toEqual({ running: 0, done: 0, failed: 1 });
});

test('says why it is not connected, comes back with its devices, and remembers the last error', async () => {
  const hub = new FakeHub();
  const { agent, log } = await started(hub, [spooler()]);
  await log.line(/^online/);
  hub.devices.clear();
  log.lines.length = 0;
  hub.disconnect(new QconnError('hub_draining', 'The hub is restarting.'));
  expect(await log.line(/^not connected: The hub is restarting\. Trying again in 0\.0 s\.$/)).toMatchObject({
    level: 'warn',
    code: 'hub_draining',
    action: expect.any(String),
  });
  await log.line(/^online as printer-pc/);
  expect(await hub.deliver('spool-1', 'again')).toEqual({ body: '' });
  expect(agent.status).toMatchObject({
    phase: 'online',
    lastError: { code: 'hub_draining', message: 'The hub is restarting.' },
  });
});

test('a revoked machine says so, and no longer tells of its roles', async () => {
  const hub = new FakeHub();
  const { agent, log } = await started(hub, [spooler()]);
  await log.line(/^online/);
  hub.disconnect(new QconnError('revoked', 'The machine printer-pc has been revoked.'));
  await log.line(/^not connected: The machine printer-pc has been revoked\./);
  expect(agent.status).toMatchObject({
    phase: 'backing_off',
    machine: { status: 'revoked', hostname: 'printer-pc', roles: [] },
    lastError: { code: 'revoked', action: expect.stringContaining('new key') },
  });
});

test('tells when the renewed certificate expires, and what a renewal failed with', async () => {
  const { agent, log, client } = await started(new FakeHub(), [spooler()]);
  client.announce({ kind: 'renewed', expiresAt: Date.UTC(2026, 5, 1) });
  client.announce({ kind: 'renewalFailed', error: new QconnError('credential_unwritable'), retryAt: 0 });
  await log.line(/^certificate not renewed/);
  expect(agent.status).toMatchObject({
    certificateExpiresAt: '2026-06-01T00:00:00.000Z',
    lastError: { code: 'credential_unwritable' },
  });
});

test('a device that cannot be provided is told of and does not keep the others from being served', async () => {
  const hub = new FakeHub();
  const { agent, log } = await started(hub, [spooler(), spooler()]);
  await log.line(/^online/);
  expect(await log.line(/^the device spool-1 is not served/)).toMatchObject({
    level: 'error',
    err: { code: 'invalid_state' },
  });
  expect(agent.status.devices.map(({ problem }) => problem)).toEqual([null, expect.stringContaining('already')]);
  expect(await hub.deliver('spool-1', 'x')).toEqual({ body: '' });
});

test('closing takes the devices back, lets a running job finish, and takes no new one', async () => {
  const hub = new FakeHub();
  const begun = path.join(spool, 'begun');
  const finish = path.join(spool, 'finish');
  const { agent, log } = await started(hub, [
    program('/bin/sh', '-c', `touch ${begun}; while [ ! -e ${finish} ]; do sleep 0.01; done; echo done`),
  ]);
  await log.line(/^online/);
  const job = hub.deliver('program-1', 'x');
  while (!readdirSync(spool).includes('begun')) await new Promise((resolve) => setImmediate(resolve));
  const closed = agent.close();
  while (hub.devices.size > 0) await new Promise((resolve) => setImmediate(resolve));
  const late = await hub.deliver('program-1', 'late');
  rmSync(begun);
  writeFileSync(finish, '');
  await closed;
  expect(await job).toEqual({ body: 'done\n' });
  expect(late).toMatchObject({ outcome: { code: 'not_found' } });
  expect(agent.status.phase).toBe('stopped');
});

test('a new configuration changes the devices that differ, and leaves a job on the others alone', async () => {
  const hub = new FakeHub();
  const finish = path.join(spool, 'finish');
  const slow = program('/bin/sh', '-c', `while [ ! -e ${finish} ]; do sleep 0.01; done; echo done`);
  const { agent, log } = await started(hub, [slow, spooler('goes'), spooler('changes')]);
  await log.line(/^online/);
  const job = hub.deliver('program-1', 'x');
  const changed = { ...spooler('changes'), serviceTypes: ['print', 'archive'] };
  const changes = await agent.apply({ devices: [slow, changed, spooler('comes')], outboxes: [] });
  expect(changes).toEqual({ added: ['comes'], changed: ['changes'], removed: ['goes'] });
  expect([...hub.devices].toSorted(([a], [b]) => a.localeCompare(b))).toEqual([
    ['changes', ['print', 'archive']],
    ['comes', ['print']],
    ['program-1', ['print']],
  ]);
  expect(agent.status.phase).toBe('online');
  writeFileSync(finish, '');
  expect(await job).toEqual({ body: 'done\n' });
});

test('drained, it takes its devices back when their jobs have ended, and serves them again when told to', async () => {
  const hub = new FakeHub();
  const finish = path.join(spool, 'finish');
  const { agent, log } = await started(hub, [
    program('/bin/sh', '-c', `while [ ! -e ${finish} ]; do sleep 0.01; done; echo done`),
  ]);
  await log.line(/^online/);
  const job = hub.deliver('program-1', 'x');
  while (agent.status.devices[0]?.jobs.running === 0) await new Promise((resolve) => setImmediate(resolve));
  const drained = agent.devices.drain();
  while (hub.devices.size > 0) await new Promise((resolve) => setImmediate(resolve));
  expect(agent.status).toMatchObject({ phase: 'online', drained: true });
  writeFileSync(finish, '');
  expect(await job).toEqual({ body: 'done\n' });
  await drained;
  await agent.devices.resume();
  expect([...hub.devices.keys()]).toEqual(['program-1']);
  expect(await hub.deliver('program-1', 'y')).toEqual({ body: 'done\n' });
});
