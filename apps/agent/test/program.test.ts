import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AgentProcess, runAgent } from './agent-process.ts';
import { FakeHub } from './fake-hub.ts';
import { FakeHubServer } from './fake-hub-server.ts';

let folder = '';
const endings: (() => unknown)[] = [];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'qconn-agent-'));
});
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end();
  rmSync(folder, { recursive: true });
});

async function hubServer(hub = new FakeHub({ pending: true })): Promise<FakeHubServer> {
  const server = await FakeHubServer.start(hub);
  endings.push(() => server.close());
  return server;
}

function startAgent(args: readonly string[], input = ''): AgentProcess {
  const agent = new AgentProcess(args, { input });
  endings.push(async () => {
    agent.kill('SIGKILL');
    await agent.ended;
  });
  return agent;
}

/** A printer that keeps what it gets. */
async function printer(): Promise<{ port: number; printed: Promise<string> }> {
  const printed = Promise.withResolvers<string>();
  const server = createServer((socket) => {
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString())).on('end', () => printed.resolve(text));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  endings.push(() => server.close());
  return { port: (server.address() as AddressInfo).port, printed: printed.promise };
}

function writeConfig(hub: string, devices = '[]'): string {
  const file = path.join(folder, 'agent.yaml');
  writeFileSync(file, `hub: ${hub}\ncredentials: machine\ndevices: ${devices}\n`);
  return file;
}

function runAgentWith(args: string[], options?: Parameters<typeof runAgent>[1]): ReturnType<typeof runAgent> {
  return runAgent(['enroll', '--config', path.join(folder, 'agent.yaml'), '--json', ...args], options);
}

describe('enroll', () => {
  test('with --new-key makes a new machine, whatever was there before', async () => {
    const server = await hubServer();
    writeConfig(server.url);
    const first = await runAgentWith(['--token', server.token]);
    expect((await runAgentWith(['--token', server.token])).stderr).toContain('already_enrolled');
    const second = await runAgentWith(['--token', server.token, '--new-key']);
    expect([first.code, second.code]).toEqual([0, 0]);
    const fingerprint = ({ stdout }: typeof first): string =>
      (JSON.parse(stdout) as { fingerprint: string }).fingerprint;
    expect(fingerprint(second)).not.toBe(fingerprint(first));
    const status = await runAgent(['status', '--config', path.join(folder, 'agent.yaml'), '--json']);
    expect(fingerprint(status)).toBe(fingerprint(second));
  });

  test('does not show a token that was typed where none belongs', async () => {
    const { code, stderr } = await runAgent(['enroll', '--toke', `qt1${'a'.repeat(60)}`, `--qt1${'a'.repeat(60)}`]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: /);
    expect(stderr).not.toContain('aaaa');
  });

  test('makes a credential and says what comes next', async () => {
    const server = await hubServer();
    const config = writeConfig(server.url);
    const { code, stdout, stderr } = await runAgent([
      'enroll',
      '--config',
      config,
      '--hostname',
      'printer-pc',
      '--token',
      server.token,
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /^Enrolled with https:\/\/127\.0\.0\.1:\d+\.\n {2}fingerprint {2}qc1\w+\n {2}short code {3}[2-9A-Z]{4}-[2-9A-Z]{4}\n {2}status {7}pending\n/,
    );
    expect(stdout).toMatch(
      /`qconn-agent run --config .*agent\.yaml`.*\n.*\n {5}qconn approve [2-9A-Z]{4}-[2-9A-Z]{4}\n$/,
    );
    expect(server.enrolments[0]).toMatchObject({ hostname: 'printer-pc' });
    expect(statSync(path.join(folder, 'machine')).mode & 0o777).toBe(0o700);
  });

  test.each([
    [
      'a file',
      (token: string) => {
        const file = path.join(folder, 'token');
        writeFileSync(file, `${token}\n`);
        return runAgentWith(['--token-file', file]);
      },
    ],
    ['the environment', (token: string) => runAgentWith([], { env: { QCONN_TOKEN: token } })],
  ])('takes the token from %s, and answers in JSON', async (_where, enrol) => {
    const server = await hubServer();
    writeConfig(server.url);
    const { token } = server;
    const { code, stdout } = await enrol(token);
    expect(code).toBe(0);
    const credentials = path.join(folder, 'machine');
    expect(JSON.parse(stdout)).toMatchObject({
      fingerprint: expect.stringMatching(/^qc1/),
      status: 'pending',
      hub: server.url,
      credentials,
    });
    expect(server.enrolments).toMatchObject([{ token }]);
  });

  test('refuses to replace a credential, unless it is told to, and keeps the machine then', async () => {
    const server = await hubServer();
    const args = [
      'enroll',
      '--hub',
      server.url,
      '--credentials',
      path.join(folder, 'machine'),
      '--json',
      '--token',
      server.token,
    ];
    const first = await runAgent(args);
    const second = await runAgent(args);
    expect(second).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('code: already_enrolled') });
    const third = await runAgent([...args, '--force']);
    expect(third.code).toBe(0);
    const fingerprint = (text: string): unknown => (JSON.parse(text) as { fingerprint: string }).fingerprint;
    expect(fingerprint(third.stdout)).toBe(fingerprint(first.stdout));
  });

  test('sends nothing to a server that the token is not for', async () => {
    const [server, other] = [await hubServer(), await hubServer()];
    const config = writeConfig(server.url);
    const { code, stderr } = await runAgent(['enroll', '--config', config, '--token', other.token]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('code: pin_mismatch') });
    expect(server.enrolments).toEqual([]);
  });

  test('takes the token from standard input, and waits for approval if it is told to', async () => {
    const hub = new FakeHub({ pending: true });
    const server = await hubServer(hub);
    const args = ['enroll', '--config', writeConfig(server.url), '--token-file', '-', '--wait'];
    const enrol = startAgent(args, `\n ${server.token}\n`);
    await enrol.says(/waiting for approval of [2-9A-Z]{4}-/);
    await hub.welcomed();
    hub.approve();
    expect(await enrol.ended).toMatchObject({ code: 0, stderr: expect.stringContaining('Approved as printer-pc.') });
  });

  test.each([
    ['no token', [], 'An enrolment token is needed'],
    ['two tokens', ['--token', 'qt1x', '--token-file', 'x'], 'not both'],
    ['a token file that is not there', ['--token-file', '/no/such/file'], 'cannot be read'],
    ['an empty token', ['--token-file', '/dev/null'], '/dev/null is empty'],
  ])('with %s it is not understood', async (_what, args, message) => {
    const result = await runAgent([
      'enroll',
      '--hub',
      'https://127.0.0.1:1',
      '--credentials',
      path.join(folder, 'machine'),
      ...args,
    ]);
    expect(result).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
    expect(existsSync(path.join(folder, 'machine'))).toBe(false);
  });
});

describe('run and status', () => {
  test('from pending to a printed label to a clean stop', async () => {
    const hub = new FakeHub({ pending: true });
    const server = await hubServer(hub);
    const { port, printed } = await printer();
    const device = `[{ name: zebra-1, serviceTypes: [print], adapter: { type: tcp, host: 127.0.0.1, port: ${port} } }]`;
    const config = ['--config', writeConfig(server.url, device)];
    await runAgent(['enroll', ...config, '--token', server.token]);
    const before = await runAgent(['status', ...config]);
    expect(before).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(
        /^The agent does not run.*\n {2}hub .*\n {2}fingerprint .*\n {2}short code .*\n {2}certificate {2}expires in 7 days/,
      ),
    });

    const agent = startAgent(['run', ...config]);
    await agent.says('waiting for approval: give an administrator the short code K7QM-2XPD');
    expect(statSync(path.join(folder, 'machine', 'agent.sock')).mode & 0o777).toBe(0o600);
    expect(await runAgent(['status', ...config, '--check'])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('waits for approval'),
    });
    expect(await runAgent(['run', ...config])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('code: agent_running'),
    });

    hub.approve();
    await agent.says('approved; online as printer-pc');
    expect(await hub.deliver('zebra-1', '^XA^XZ')).toEqual({ body: '' });
    expect(await printed).toBe('^XA^XZ');
    const status = await runAgent(['status', ...config, '--check', '--json']);
    expect(status.code).toBe(0);
    expect(JSON.parse(status.stdout)).toMatchObject({
      running: true,
      pid: agent.pid,
      phase: 'online',
      machine: { hostname: 'printer-pc', roles: ['printer'] },
      devices: [{ name: 'zebra-1', target: `tcp 127.0.0.1:${port}`, jobs: { done: 1, failed: 0 } }],
    });

    agent.kill('SIGTERM');
    expect(await agent.ended).toMatchObject({ code: 0, stdout: '' });
    expect(JSON.parse((await runAgent(['status', ...config, '--json'])).stdout)).toMatchObject({ running: false });
  });

  test('a socket that a killed agent has left is no obstacle', async () => {
    const server = await hubServer(new FakeHub());
    const config = ['--config', writeConfig(server.url)];
    await runAgent(['enroll', ...config, '--token', server.token]);
    const killed = startAgent(['run', ...config]);
    await killed.says('online as printer-pc');
    killed.kill('SIGKILL');
    await killed.ended;
    expect(existsSync(path.join(folder, 'machine', 'agent.sock'))).toBe(true);
    expect(await runAgent(['status', ...config, '--check'])).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('does not run'),
    });
    const next = startAgent(['run', ...config]);
    await next.says('online as printer-pc');
    next.kill('SIGINT');
    expect((await next.ended).code).toBe(0);
  });

  test('stops cleanly while the hub cannot be reached', async () => {
    const server = await hubServer();
    const config = ['--config', writeConfig(server.url)];
    await runAgent(['enroll', ...config, '--token', server.token]);
    await server.close();
    endings.length = 0;
    const agent = startAgent(['run', ...config]);
    await agent.says(/not connected: .* Trying again in/);
    expect(await runAgent(['status', ...config])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/is not connected and will try again|is connecting/),
    });
    agent.kill('SIGTERM');
    expect((await agent.ended).code).toBe(0);
  });

  test('a credential folder that others can read is refused', async () => {
    const server = await hubServer();
    const config = ['--config', writeConfig(server.url)];
    await runAgent(['enroll', ...config, '--token', server.token]);
    chmodSync(path.join(folder, 'machine'), 0o755);
    expect(await runAgent(['run', ...config])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('code: credential_exposed'),
    });
  });
});

describe('the command line', () => {
  test.each([
    [['--help'], 0],
    [['run', '--help'], 0],
    [['--version'], 0],
    [[], 2],
    [['serve'], 2],
    [['status', '--verbose'], 2],
    [['run', '--credentials', '/no/such/folder'], 1],
    [['run'], 2],
  ])('%j exits with %d', async (args, code) => {
    expect((await runAgent(args)).code).toBe(code);
  });

  test('config check tells every mistake with its place', async () => {
    const file = path.join(folder, 'agent.yaml');
    writeFileSync(file, 'hub: http://hub\ncredential: x\ndevices:\n  - name: a b\n    adapter: { type: tpc }\n');
    const { code, stderr } = await runAgent(['config', 'check', '--config', file]);
    expect(code).toBe(2);
    expect(stderr.replaceAll(`${folder}/`, '')).toMatch(/has 6 mistakes/);
    expect(stderr).toContain(`${file}:5:5: devices[0].adapter needs a known type: one of tcp, exec, http, file`);
  });

  test('config schema prints JSON Schema', async () => {
    const { code, stdout } = await runAgent(['config', 'schema']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ type: 'object', required: ['hub', 'credentials'] });
  });
});
