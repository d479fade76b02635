import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ManualClock } from '@qconn/clock';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FileAdapter } from '../../src/adapters/file.ts';
import { fillTemplate } from '../../src/adapters/name-template.ts';
import { rejectionOf, testJob } from '../test-job.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'qconn-spool-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const clock = new ManualClock(Date.UTC(2026, 0, 2, 3, 4, 5, 678));

function adapter(name: string, where = folder): FileAdapter {
  return new FileAdapter({ type: 'file', folder: where, name }, { clock });
}

test('writes the body under the name that the template makes, and tells the name', async () => {
  const body = new Uint8Array(65_536).map((_, index) => index % 256);
  const answer = await adapter('{time}-{from}-{device}.zpl').handle(testJob({ body }));
  expect(answer).toEqual({ headers: { 'file-name': '20260102T030405678Z-lims-zebra-1.zpl' } });
  expect(readdirSync(folder)).toEqual(['20260102T030405678Z-lims-zebra-1.zpl']);
  expect(readFileSync(path.join(folder, '20260102T030405678Z-lims-zebra-1.zpl')).equals(body)).toBe(true);
});

test('never replaces a file: the next free number is taken', async () => {
  writeFileSync(path.join(folder, 'label.zpl'), 'somebody else’s');
  await adapter('label.zpl').handle(testJob({ body: 'one' }));
  await adapter('label.zpl').handle(testJob({ body: 'two' }));
  expect(readdirSync(folder).toSorted()).toEqual(['label-1.zpl', 'label-2.zpl', 'label.zpl']);
  expect(readFileSync(path.join(folder, 'label.zpl'), 'utf8')).toBe('somebody else’s');
  expect(readFileSync(path.join(folder, 'label-2.zpl'), 'utf8')).toBe('two');
});

test('fifty jobs at once for one name become fifty files', async () => {
  const bodies = Array.from({ length: 50 }, (_, n) => `job ${n}`);
  await Promise.all(bodies.map((body) => adapter('label').handle(testJob({ body }))));
  const found = readdirSync(folder).map((name) => readFileSync(path.join(folder, name), 'utf8'));
  expect(found.toSorted()).toEqual(bodies.toSorted());
});

test('a folder that is not there refuses the job', async () => {
  const missing = path.join(folder, 'missing');
  expect(await rejectionOf(adapter('a', missing).handle(testJob()))).toMatchObject({
    code: 'rejected',
    message: `file ${missing} does not exist.`,
  });
});

test('something that is no folder refuses the job', async () => {
  const file = path.join(folder, 'file');
  writeFileSync(file, '');
  expect(await rejectionOf(adapter('a', file).handle(testJob()))).toMatchObject({ code: 'rejected' });
});

test.runIf(process.platform === 'linux')('a folder that nobody may write, not even root, refuses the job', async () => {
  const error = await rejectionOf(adapter('a', '/sys').handle(testJob()));
  expect(error).toMatchObject({ code: 'rejected', message: 'file /sys cannot be used: permission denied.' });
});

test('a cancelled job leaves nothing', async () => {
  const abort = new AbortController();
  const handled = rejectionOf(adapter('a').handle(testJob({ body: 'x', signal: abort.signal })));
  abort.abort();
  expect(await handled).toMatchObject({ code: 'cancelled' });
  expect(readdirSync(folder)).toEqual([]);
});

test.each([
  ['../../etc/passwd', '_.._etc_passwd'],
  ['..', 'id'],
  ['', 'id'],
  ['.hidden', 'hidden'],
  ['a/b\\c\0d\ne', 'a_b_c_d_e'],
  ['ключ', '____'],
  ['x'.repeat(128), 'x'.repeat(100)],
])('whatever a sender chose as its key makes a harmless name: %j', (idempotencyKey, name) => {
  expect(fillTemplate('{idempotency-key}', testJob({ idempotencyKey }), { now: 0, id: 'id' })).toBe(name);
});

test('a name never gets longer than a file system takes', () => {
  const name = fillTemplate('{idempotency-key}'.repeat(10), testJob({ idempotencyKey: 'x'.repeat(128) }), {
    now: 0,
    id: 'id',
  });
  expect(name.length).toBe(200);
});
