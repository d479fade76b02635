import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect, CredentialStore } from '@qconn/client';
import { lastingPort } from '@qconn/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runProgram, startProgram } from '../src/program.ts';

let folder: string;
let environment: Record<string, string>;
let hub: ChildProcess | undefined;

const file = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qconn-by-hand-'));
  environment = {
    QCONN_HUB_DATA_FOLDER: file('data'),
    QCONN_HUB_CA_PASSPHRASE: 'correct horse battery staple',
    QCONN_HUB_LISTEN_HOST: '127.0.0.1',
    QCONN_HUB_LISTEN_QUIC_PORT: String(await lastingPort()),
    QCONN_HUB_LISTEN_HTTPS_PORT: '0',
  };
  expect(await runProgram('hub', ['init'], environment)).toMatchObject({ code: 0 });
});

afterAll(async () => {
  if (hub?.exitCode === null) {
    hub.kill('SIGTERM');
    await once(hub, 'exit');
  }
  await rm(folder, { recursive: true, force: true });
});

async function serve(): Promise<string> {
  hub = startProgram('hub', ['serve', '--json'], environment);
  hub.stderr?.resume();
  for await (const line of createInterface({ input: hub.stdout as NonNullable<ChildProcess['stdout']> })) {
    const { https } = JSON.parse(line) as { https?: string };
    if (https !== undefined) return `https://${https}`;
  }
  throw new Error('the hub ended before it listened');
}

async function request(machine: string): Promise<void> {
  const args = ['enroll', '--credentials', file(machine), '--csr-out', file(`${machine}.csr`)];
  expect(await runProgram('agent', args)).toMatchObject({ code: 0, stderr: '' });
  expect((await stat(join(file(machine), 'enrolment-key.pem'))).mode & 0o777).toBe(0o600);
}

function issue(machine: string, ...more: string[]): ReturnType<typeof runProgram> {
  const files = ['--csr', file(`${machine}.csr`), '--out', file(`${machine}.json`)];
  return runProgram('hub', ['certs', 'issue-machine', '--hostname', machine, '--json', ...files, ...more], environment);
}

function take(machine: string, from: string, url = 'https://127.0.0.1:1'): ReturnType<typeof runProgram> {
  return runProgram('agent', ['enroll', '--credentials', file(machine), '--hub', url, '--from', from, '--json']);
}

test('a machine is enrolled by files that people carry, and its key stays with it', async () => {
  await request('lonely');
  await request('other');
  const issued = await issue('lonely', '--approve', '--role', 'admin');
  expect(issued).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(issued.stdout)).toMatchObject({ status: 'authorized' });
  for (const name of ['lonely.csr', 'lonely.json'])
    expect(await readFile(file(name), 'utf8')).not.toContain('PRIVATE KEY');
  // The hostname is taken now: the next one that claims it has to wait for a person.
  const rival = ['--hostname', 'lonely', '--csr', file('other.csr'), '--approve', '--json'];
  const pending = await runProgram('hub', ['certs', 'issue-machine', ...rival], environment);
  expect(JSON.parse(pending.stdout)).toMatchObject({ machine: { status: 'pending' } });

  expect(await take('other', file('lonely.json'))).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/this machine is qc1/),
  });
  await writeFile(file('broken.json'), '{"machine":');
  expect(await take('other', file('broken.json'))).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/is not what/),
  });
  expect(await readdir(file('other'))).toEqual(['enrolment-key.pem']);

  const server = ['certs', 'issue-server', '--host', 'proxy.example', '--ip', '192.0.2.1'];
  const made = await runProgram('hub', [...server, '--key-out', file('proxy.key')], environment);
  expect(made.code).toBe(0);
  const proxy = new X509Certificate(made.stdout);
  expect([proxy.checkHost('proxy.example'), proxy.checkIP('192.0.2.1')]).toEqual(['proxy.example', '192.0.2.1']);
  expect(proxy.checkPrivateKey(createPrivateKey(await readFile(file('proxy.key'), 'utf8')))).toBe(true);
  expect(await runProgram('hub', server, environment)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/--csr/),
  });

  const url = await serve();
  expect(await take('lonely', file('lonely.json'), url)).toMatchObject({ code: 0, stderr: '' });
  const client = await connect({ credentials: new CredentialStore(file('lonely')), agent: 'by-hand/1' });
  expect(await client.connected()).toMatchObject({ hostname: 'lonely' });
  await client.close();

  // The embedded database is the running hub's alone; nothing is left of the try.
  expect(await issue('other')).toMatchObject({ code: 1, stderr: expect.stringMatching(/data_locked/) });
  expect(await readdir(folder)).not.toContain('other.json');
});

test('what cannot be issued is said before anything is stored', async () => {
  const args = ['certs', 'issue-machine', '--data', file('nothing'), '--csr', file('request.csr')];
  const refused = (more: string[]): Promise<unknown> => runProgram('hub', [...args, ...more]);
  expect(await refused(['--hostname', 'a b'])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/hostname_invalid/),
  });
  expect(await refused(['--hostname', 'kiosk-*'])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/hostname_invalid/),
  });
  expect(await refused(['--hostname', 'a', '--role', 'x'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/--approve/),
  });
  expect(await refused(['--hostname', 'a'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/cannot be read/),
  });
  await writeFile(file('request.csr'), 'not a request');
  expect(await refused(['--hostname', 'a'])).toMatchObject({ code: 1, stderr: expect.stringMatching(/csr_malformed/) });
  expect(await readdir(folder)).not.toContain('nothing');
});
