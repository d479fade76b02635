import { appendFileSync, chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Finding } from '../src/doctor/finding.ts';
import { AgentProcess, runAgent } from './agent-process.ts';
import { FakeHub } from './fake-hub.ts';
import { FakeHubServer } from './fake-hub-server.ts';

let folder = '';
const endings: (() => unknown)[] = [];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'qconn-doctor-'));
});
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end();
  rmSync(folder, { recursive: true });
});

async function enrolled(hub: FakeHub, devices = '[]'): Promise<FakeHubServer> {
  const server = await FakeHubServer.start(hub);
  endings.push(() => server.close());
  configure(server.url, devices);
  const { code, stderr } = await runAgent(['enroll', ...config(), '--token', server.token]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return server;
}

function configure(hub: string, devices: string): void {
  writeFileSync(path.join(folder, 'agent.yaml'), `hub: ${hub}\ncredentials: machine\ndevices: ${devices}\n`);
}

function config(): string[] {
  return ['--config', path.join(folder, 'agent.yaml')];
}

async function examined(): Promise<{ code: number | null; findings: Finding[]; states: Record<string, string> }> {
  const { code, stdout } = await runAgent(['doctor', ...config(), '--json']);
  const findings = JSON.parse(stdout) as Finding[];
  return { code, findings, states: Object.fromEntries(findings.map(({ check, state }) => [check, state])) };
}

async function listener(): Promise<number> {
  const server = createServer((socket) => void socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  endings.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

test('finds nothing where nothing is broken, and goes the whole way', async () => {
  const port = await listener();
  await enrolled(
    new FakeHub(),
    `[{name: zebra-1, serviceTypes: [print], adapter: {type: tcp, host: 127.0.0.1, port: ${port}}},
      {name: scale-1, serviceTypes: [scale.read], adapter: {type: exec, argv: [sh, -c, 'exit 1']}},
      {name: spool-1, serviceTypes: [report.file], adapter: {type: file, folder: ${folder}}}]`,
  );
  const { code, states } = await examined();
  expect({ code, states }).toEqual({
    code: 0,
    states: {
      configuration: 'ok',
      credential: 'ok',
      'hub name': 'ok',
      'hub HTTPS (TCP)': 'ok',
      clock: 'ok',
      'hub QUIC (UDP)': 'ok',
      agent: 'ok',
      standing: 'ok',
      'device zebra-1': 'ok',
      'device scale-1': 'ok',
      'device spool-1': 'ok',
    },
  });
});

test('a configuration that names another hub than the credential is told, for the credential counts', async () => {
  const { url } = await enrolled(new FakeHub());
  configure('https://moved.example:7443', '[]');
  const { code, findings } = await examined();
  expect(code).toBe(0);
  expect(findings.filter(({ state }) => state !== 'ok')).toEqual([
    {
      check: 'hub',
      state: 'warning',
      detail: expect.stringContaining(`from ${url}`),
      action: expect.stringContaining('--force'),
    },
  ]);
});

test('opens an encrypted credential as the agent does', async () => {
  const server = await FakeHubServer.start(new FakeHub());
  endings.push(() => server.close());
  configure(server.url, '[]');
  writeFileSync(path.join(folder, 'pass'), 'a long passphrase\n', { mode: 0o600 });
  appendFileSync(path.join(folder, 'agent.yaml'), `credentialsPassphraseFile: ${folder}/pass\n`);
  expect((await runAgent(['enroll', ...config(), '--token', server.token])).code).toBe(0);
  const { code, states } = await examined();
  expect({ code, credential: states['credential'], standing: states['standing'] }).toEqual({
    code: 0,
    credential: 'ok',
    standing: 'ok',
  });
});

test('tells what is broken and what to do, for each device and the machine itself', async () => {
  const hub = new FakeHub({ pending: true });
  await enrolled(
    hub,
    `[{name: zebra-1, serviceTypes: [print], adapter: {type: tcp, host: 127.0.0.1, port: 1}},
      {name: scale-1, serviceTypes: [scale.read], adapter: {type: exec, argv: [no-such-program]}},
      {name: spool-1, serviceTypes: [report.file], adapter: {type: file, folder: ${folder}/missing}}]`,
  );
  const { code, findings } = await examined();
  const text = findings.filter(({ state }) => state === 'failed').map(({ check, detail }) => `${check}: ${detail}`);
  expect(code).toBe(1);
  expect(text).toEqual([
    expect.stringMatching(/^standing: the machine waits for approval; its short code is /),
    'device zebra-1: 127.0.0.1:1 refuses the connection',
    'device scale-1: there is no program no-such-program',
    expect.stringMatching(/^device spool-1: ENOENT/),
  ]);
  expect(findings.every(({ state, action }) => state !== 'failed' || (action ?? '') !== '')).toBe(true);
});

test('a hub that is gone is told of at each step', async () => {
  const server = await enrolled(new FakeHub());
  await server.close();
  endings.pop();
  const { code, states, findings } = await examined();
  expect(code).toBe(1);
  expect(states).toMatchObject({
    'hub HTTPS (TCP)': 'failed',
    clock: 'skipped',
    'hub QUIC (UDP)': 'failed',
    standing: 'skipped',
  });
  expect(findings.find(({ check }) => check === 'hub QUIC (UDP)')?.detail).toContain('unreachable');
});

test('asks the hub about each device where no agent runs', async () => {
  const hub = new FakeHub();
  hub.permitted = false;
  const spool = (name: string): string =>
    `{name: ${name}, serviceTypes: [report.file], adapter: {type: file, folder: ${folder}}}`;
  await enrolled(hub, `[${spool('spool-1')}, ${spool('spool-2')}]`);
  const { findings } = await examined();
  const warnings = findings.filter(({ state }) => state === 'warning').map(({ check }) => check);
  expect(warnings).toEqual(['device spool-1', 'device spool-2']);
});

test('asks the running agent instead of taking its place', async () => {
  const hub = new FakeHub();
  hub.permitted = false;
  await enrolled(hub, `[{name: spool-1, serviceTypes: [report.file], adapter: {type: file, folder: ${folder}}}]`);
  const agent = new AgentProcess(['run', ...config()]);
  endings.push(async () => {
    agent.kill('SIGKILL');
    await agent.ended;
  });
  await agent.says('no role lets this machine provide spool-1');
  const { code, findings } = await examined();
  expect(findings.filter(({ state }) => state === 'failed')).toEqual([]);
  expect(code).toBe(0);
  expect(findings.filter(({ state }) => state !== 'ok')).toMatchObject([{ check: 'device spool-1', state: 'warning' }]);
  expect(findings).toContainEqual(expect.objectContaining({ check: 'agent', state: 'ok' }));
  expect(hub.agents).toHaveLength(1);
});

test('without a configuration or a credential it says so, for people too', async () => {
  writeFileSync(path.join(folder, 'agent.yaml'), 'credentials: machine\nnonsense: 1\n');
  const broken = await runAgent(['doctor', ...config()]);
  expect(broken.code).toBe(1);
  expect(broken.stdout).toMatch(/^FAILED {3}configuration: The configuration has a mistake/);
  configure('https://hub.example:8443', '[]');
  const missing = await runAgent(['doctor', ...config()]);
  expect(missing.stdout).toMatch(/FAILED {3}credential: .*\n {9}what to do: /);
  expect(missing.stdout).toMatch(/\n1 of 3 checks failed\.\n$/);
});

test('a credential that others can read is a finding', async () => {
  await enrolled(new FakeHub());
  chmodSync(path.join(folder, 'machine'), 0o755);
  const { states } = await examined();
  expect(states['credential']).toBe('failed');
});
