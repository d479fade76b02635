import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CredentialStore } from '@qconn/identity';
import { QconnError } from '@qconn/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RunningStatus } from '../src/control/agent-status.ts';
import { askAgent, askStatus, commandAgent } from '../src/control/ask-agent.ts';
import { ControlServer, type ControlRoutes } from '../src/control/control-server.ts';
import { readStatus } from '../src/control/read-status.ts';
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
  config: { file: '/etc/qconn/agent.yaml', readAt: '2026-01-02T03:04:05.000Z', problem: null },
  drained: false,
  devices: [],
  outboxes: [],
  lastError: null,
};
const ROUTES: ControlRoutes = { 'GET /status': () => STATUS };

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

async function listen(routes: ControlRoutes | undefined = ROUTES): Promise<ControlServer> {
  const server = await ControlServer.listen(socket, () => routes);
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

test('answers in HTTP, over a socket that is its owner’s alone', async () => {
  await listen();
  expect(await askStatus(socket)).toEqual(STATUS);
  expect(statSync(socket).mode & 0o777).toBe(0o600);
  const asker = connect(socket);
  asker.write('GET /status HTTP/1.0\r\n\r\n');
  expect(Buffer.concat(await asker.toArray()).toString()).toContain(`\r\n\r\n${JSON.stringify(STATUS)}\n`);
});

test('a refusal comes back as the error that it was, anything else as internal without its words', async () => {
  await listen({
    'POST /refuse': () => {
      throw new QconnError('quota', 'Too much.', { retryAfterMs: 1_500 });
    },
    'POST /fail': () => {
      throw new Error('secret detail');
    },
  });
  const refusal = await rejectionOf(commandAgent(socket, 'POST /refuse'));
  expect(refusal).toMatchObject({ code: 'quota', message: 'Too much.', retryAfterMs: 1_500 });
  const failure = await rejectionOf(commandAgent(socket, 'POST /fail'));
  expect(failure).toMatchObject({ code: 'internal', message: expect.not.stringContaining('secret') });
  expect(await rejectionOf(commandAgent(socket, 'GET /constructor'))).toMatchObject({ code: 'unknown_object' });
});

test('whoever commands an agent that does not run is told how to start it', async () => {
  expect(await rejectionOf(commandAgent(socket, 'POST /drain'))).toMatchObject({
    code: 'invalid_state',
    message: expect.stringContaining('qconn-agent run'),
  });
});

test('a request whose asker leaves is cancelled', async () => {
  const begun = Promise.withResolvers<AbortSignal>();
  await listen({
    'POST /wait': ({ signal }) => {
      begun.resolve(signal);
      return once(signal, 'abort');
    },
  });
  const asking = new AbortController();
  const asked = askAgent(socket, 'POST /wait', { signal: asking.signal });
  const signal = await begun.promise;
  asking.abort();
  if (!signal.aborted) await once(signal, 'abort');
  expect(await asked).toBe('silent');
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
  expect(await rejectionOf(ControlServer.listen(socket, () => ROUTES))).toMatchObject({ code: 'agent_running' });
  expect(await askStatus(socket)).toEqual(STATUS);
});

test('an agent that starts counts as running, though it has nothing to tell yet', async () => {
  const server = await ControlServer.listen(socket, () => undefined);
  endings.push(() => server.close());
  expect(await askStatus(socket)).toBe('silent');
});

test.each([
  ['hangs up', undefined],
  ['says nothing', ''],
  ['answers with garbage', '\u0000{'],
  ['answers with something else', 'HTTP/1.1 200 OK\r\n\r\n{"running":1}'],
  ['answers without end', `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(5 * 1024 * 1024)}`],
])('whatever %s is not taken for an answer', async (_what, answer) => {
  await stranger(answer);
  expect(await askStatus(socket)).toBe('silent');
  expect(await rejectionOf(readStatus(folder, new CredentialStore(folder)))).toMatchObject({
    code: 'invalid_state',
    message: 'The agent runs, but it does not answer.',
  });
});

test('the socket goes when the agent stops, also with an asker that does not leave', async () => {
  const server = await ControlServer.listen(socket, () => ROUTES);
  const asker = connect(socket);
  asker.on('error', () => {});
  await once(asker, 'connect');
  await server.close();
  expect(existsSync(socket)).toBe(false);
  asker.destroy();
});

test('a socket that cannot be made is told of with a code of its own', async () => {
  socket = path.join(folder, 'x'.repeat(120));
  expect(await rejectionOf(ControlServer.listen(socket, () => ROUTES))).toMatchObject({ code: 'control_unavailable' });
  socket = path.join(folder, 'missing', 'agent.sock');
  expect(await rejectionOf(ControlServer.listen(socket, () => ROUTES))).toMatchObject({ code: 'control_unavailable' });
});

test.runIf(process.platform === 'linux')('nor in a folder that nobody may write, not even root', async () => {
  expect(await rejectionOf(ControlServer.listen('/sys/agent.sock', () => ROUTES))).toMatchObject({
    code: 'control_unavailable',
  });
});
