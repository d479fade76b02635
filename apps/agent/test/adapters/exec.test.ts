import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ManualClock, systemClock } from '@qconn/clock';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ExecAdapter, type ExecSettings } from '../../src/adapters/exec.ts';
import { rejectionOf, testJob } from '../test-job.ts';

const SETTINGS: ExecSettings = {
  type: 'exec',
  argv: ['cat'],
  environment: {},
  passEnvironment: [],
  timeoutMs: 25_000,
  killGraceMs: 2_000,
  answerMaxBytes: 65_536,
};

const folder = mkdtempSync(path.join(tmpdir(), 'qconn-exec-'));
beforeAll(() => {
  process.env['QCONN_TEST_SECRET'] = 'hush';
  process.env['QCONN_TEST_SHARED'] = 'hello';
});
afterAll(() => rmSync(folder, { recursive: true }));

function adapter(settings: Partial<ExecSettings>, clock = systemClock): ExecAdapter {
  return new ExecAdapter({ ...SETTINGS, ...settings }, { clock });
}

function shell(script: string, settings: Partial<ExecSettings> = {}, clock = systemClock): ExecAdapter {
  return adapter({ argv: ['/bin/sh', '-c', script], ...settings }, clock);
}

function text(answer: unknown): string {
  return Buffer.from(answer as Uint8Array).toString();
}

/** Resolves when the file is there, and tells what it holds. */
async function written(file: string): Promise<string> {
  // The program may be faster than the event of its start.
  do await turn();
  while (!existsSync(file) || !readFileSync(file, 'utf8').endsWith('\n'));
  return readFileSync(file, 'utf8').trim();
}

/** A turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Whether a process runs; a zombie that waits to be collected does not. */
function runs(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Resolves when the process is gone. */
async function gone(pid: number): Promise<void> {
  while (runs(pid)) await turn();
}

test('gives the body on standard input and answers with standard output', async () => {
  const body = new Uint8Array(65_536).map((_, index) => index % 256);
  expect(Buffer.compare((await adapter({}).handle(testJob({ body }))) as Uint8Array, body)).toBe(0);
});

test('a program need not read its input', async () => {
  const body = new Uint8Array(65_536 * 16);
  expect(text(await adapter({ argv: ['echo', 'done'] }).handle(testJob({ body })))).toBe('done\n');
});

test('arguments are what they are: no shell reads them', async () => {
  const argv = ['printf', '%s|', '$HOME', '`id`', '; rm -rf /', '*'];
  expect(text(await adapter({ argv }).handle(testJob()))).toBe('$HOME|`id`|; rm -rf /|*|');
});

test('passes on only what is named, what is set, and the facts of the job', async () => {
  const exec = adapter({
    argv: ['env'],
    environment: { PRINTER: 'zebra' },
    passEnvironment: ['QCONN_TEST_SHARED', 'NOT_SET'],
  });
  const job = testJob({ idempotencyKey: 'a\0b\n', headers: { 'content-type': 'application/zpl' } });
  const environment = text(await exec.handle(job))
    .trim()
    .split('\n');
  expect(environment).toEqual(
    expect.arrayContaining([
      'PRINTER=zebra',
      'QCONN_TEST_SHARED=hello',
      'QCONN_FROM=qc1sender',
      'QCONN_FROM_HOSTNAME=lims',
      'QCONN_SERVICE_TYPE=print',
      'QCONN_DEVICE=zebra-1',
      'QCONN_IDEMPOTENCY_KEY=ab',
      'QCONN_CONTENT_TYPE=application/zpl',
    ]),
  );
  expect(environment.join()).not.toContain('hush');
});

test('runs in the folder that is set', async () => {
  expect(text(await adapter({ argv: ['pwd', '-P'], folder: '/' }).handle(testJob()))).toBe('/\n');
});

test('an exit code other than 0 fails the job, with the end of what it said', async () => {
  const error = await rejectionOf(shell('echo "no paper" >&2; exit 3').handle(testJob()));
  expect(error).toMatchObject({ code: 'handler_failed', message: 'exec /bin/sh ended with exit code 3: no paper' });
});

test('a program that is ended by a signal fails the job', async () => {
  const error = await rejectionOf(shell('kill -SEGV $$').handle(testJob()));
  expect(error).toMatchObject({ code: 'handler_failed', message: 'exec /bin/sh was ended by SIGSEGV' });
});

test('a flood on standard error leaves its end, on one line', async () => {
  const error = await rejectionOf(
    shell('yes "it burns" | head -c 1000000 >&2; printf "\\033[31mthe end" >&2; exit 1').handle(testJob()),
  );
  expect(error.message).toMatch(/exit code 1: … .*it burns .*\[31mthe end$/);
  expect(error.message.length).toBeLessThan(600);
});

test('a flood on standard output stops the program', async () => {
  const error = await rejectionOf(adapter({ argv: ['yes'] }).handle(testJob()));
  expect(error).toMatchObject({
    code: 'handler_failed',
    message: expect.stringContaining('wrote more than 65536 bytes and was stopped'),
  });
});

test.each<[string, Partial<ExecSettings>, string]>([
  [
    'that is not there',
    { argv: ['/no/such/program'] },
    'exec /no/such/program cannot be started: there is no such program.',
  ],
  ['that is not in PATH', { argv: ['qconn-no-such-program'] }, 'there is no such program'],
  ['that is a folder', { argv: ['/tmp'] }, 'it is not executable for this user'],
  ['whose folder is not there', { folder: '/no/such/folder' }, 'its folder /no/such/folder does not exist'],
])('a program %s refuses the job', async (_what, settings, message) => {
  const error = await rejectionOf(adapter(settings).handle(testJob()));
  expect(error).toMatchObject({ code: 'rejected', message: expect.stringContaining(message) });
});

test('a file that is not executable refuses the job', async () => {
  const file = path.join(folder, 'not-executable');
  writeFileSync(file, '#!/bin/sh\n');
  chmodSync(file, 0o644);
  expect(await rejectionOf(adapter({ argv: [file] }).handle(testJob()))).toMatchObject({ code: 'rejected' });
});

test('a cancelled program ends with everything that it has started', async () => {
  const file = path.join(folder, 'cancelled');
  const abort = new AbortController();
  const handled = rejectionOf(
    shell(`sleep 1000 & echo "$$ $!" > ${file}; wait`).handle(testJob({ signal: abort.signal })),
  );
  const pids = (await written(file)).split(' ').map(Number);
  abort.abort();
  expect(await handled).toMatchObject({ code: 'cancelled' });
  for (const pid of pids) await gone(pid);
});

test('a program that ignores SIGTERM is killed after the grace', async () => {
  const file = path.join(folder, 'stubborn');
  const clock = new ManualClock();
  const exec = shell(`trap "" TERM; echo $$ > ${file}; while :; do sleep 0.05; done`, {}, clock);
  const handled = rejectionOf(exec.handle(testJob()));
  const pid = Number(await written(file));
  clock.advance(25_000);
  expect(runs(pid)).toBe(true);
  clock.advance(2_000);
  expect(await handled).toMatchObject({
    code: 'handler_failed',
    message: 'exec /bin/sh did not end within 25000 ms and was stopped; part of the job may have been done.',
  });
  await gone(pid);
  expect(clock.pendingTimers).toBe(0);
});

test('what a program leaves in the background ends with it, and holds nothing up', async () => {
  const answer = text(await shell('sleep 1000 & echo $!').handle(testJob()));
  await gone(Number(answer));
});

test('what has left the group and holds the output open is waited for no longer than the grace', async () => {
  const clock = new ManualClock();
  const file = path.join(folder, 'escaped');
  const handled = shell(
    `setsid sh -c 'echo $$ > ${file}; exec sleep 1000' & while [ ! -s ${file} ]; do sleep 0.01; done; echo done`,
    { timeoutMs: 1e12 },
    clock,
  ).handle(testJob());
  const pid = Number(await written(file));
  try {
    let answer: unknown;
    void handled.then((value) => (answer = value));
    while (answer === undefined) {
      clock.advance(2_000);
      await turn();
    }
    expect(text(answer)).toBe('done\n');
  } finally {
    process.kill(pid, 'SIGKILL');
  }
});

test('closing the adapter ends what runs', async () => {
  const file = path.join(folder, 'closed');
  const exec = shell(`echo $$ > ${file}; exec sleep 1000`);
  const handled = rejectionOf(exec.handle(testJob()));
  const pid = Number(await written(file));
  await exec.close();
  expect(await handled).toMatchObject({ code: 'cancelled' });
  await gone(pid);
});

test('a job that was cancelled before it began starts nothing', async () => {
  const file = path.join(folder, 'never');
  const error = await rejectionOf(shell(`echo x > ${file}`).handle(testJob({ signal: AbortSignal.abort() })));
  expect(error).toMatchObject({ code: 'cancelled' });
  expect(existsSync(file)).toBe(false);
});
