import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RunningStatus } from '../src/control/agent-status.ts';
import { askStatus } from '../src/control/ask-status.ts';
import { StatusServer } from '../src/control/status-server.ts';
import { rejectionOf } from './test-job.ts';

const STATUS: RunningStatus = {
  running: true,
  agent: 'qconn-agent/1.0.0',
  pid: 1,
  startedAt: '2026-01-02T03:04:05.000Z',
  phase: 'online',
  phaseSince: '2026-01-02T03:04:06.000Z',
  machine: { status: 'authorized', hostname: 'printer-pc', roles: ['printer'] },
  hub: 'https://hub.example:8443',
  fingerprint: 'qc1agent',
  shortCode: 'K7QM-2XPD',
  certificateExpiresAt: '2026-01-09T03:04:05.000Z',
  devices: [],
  lastError: null,
};

let folder = '';
let socket = '';
const endings: (() => unknown)[] = [];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'qconn-control-'));
  socket = path.join(folder, 'agent.sock');
});
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end();
  rmSync(folder, { recursive: true });
});

async function listen(status: () => RunningStatus | undefined = () => STATUS): Promise<StatusServer> {
  const server = await StatusServer.listen(socket, status);
  endings.push(() => server.close());
  return server;
}

/** Something else that listens there. */
async function stranger(answer: string | undefined): Promise<void> {
  const server = createServer((asker) => {
    asker.on('error', () => {}).resume();
    if (answer !== undefined) asker.end(answer);
    else asker.destroy();
  });
  server.listen(socket);
  await once(server, 'listening');
  endings.push(() => server.close());
}

test('answers whoever asks with one JSON line, over a socket that is its owner’s alone', async () => {
  await listen();
  expect(await askStatus(socket)).toEqual(STATUS);
  expect(statSync(socket).mode & 0o777).toBe(0o600);
  const asker = connect(socket);
  expect(Buffer.concat(await asker.toArray()).toString()).toBe(`${JSON.stringify(STATUS)}\n`);
});

test('nobody answers where there is no socket, and where a killed agent has left one', async () => {
  expect(await askStatus(socket)).toBeUndefined();
  writeFileSync(socket, '');
  expect(await askStatus(socket)).toBeUndefined();
  await listen();
  expect(await askStatus(socket)).toEqual(STATUS);
});

test('a second agent is refused, and the first goes on answering', async () => {
  await listen();
  expect(await rejectionOf(StatusServer.listen(socket, () => STATUS))).toMatchObject({ code: 'agent_running' });
  expect(await askStatus(socket)).toEqual(STATUS);
});

test('an agent that starts counts as running, though it has nothing to tell yet', async () => {
  await listen(() => undefined);
  expect(await askStatus(socket)).toBe('silent');
});

test.each([
  ['hangs up', undefined],
  ['says nothing', ''],
  ['answers with garbage', '\u0000{'],
  ['answers with something else', '{"running":1}'],
  ['answers without end', 'x'.repeat(5 * 1024 * 1024)],
])('whatever %s is not taken for an answer', async (_what, answer) => {
  await stranger(answer);
  expect(await askStatus(socket)).toBe('silent');
});

test('the socket goes when the agent stops, also with an asker that does not leave', async () => {
  const server = await StatusServer.listen(socket, () => STATUS);
  const asker = connect(socket);
  asker.on('error', () => {});
  await once(asker, 'connect');
  await server.close();
  expect(existsSync(socket)).toBe(false);
  asker.destroy();
});

test('a socket that cannot be made is told of with a code of its own', async () => {
  socket = path.join(folder, 'x'.repeat(120));
  expect(await rejectionOf(StatusServer.listen(socket, () => STATUS))).toMatchObject({ code: 'control_unavailable' });
  socket = path.join(folder, 'missing', 'agent.sock');
  expect(await rejectionOf(StatusServer.listen(socket, () => STATUS))).toMatchObject({ code: 'control_unavailable' });
});

test.runIf(process.platform === 'linux')('nor in a folder that nobody may write, not even root', async () => {
  expect(await rejectionOf(StatusServer.listen('/sys/agent.sock', () => STATUS))).toMatchObject({
    code: 'control_unavailable',
  });
});
