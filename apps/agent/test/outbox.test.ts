import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Client, RequestOptions } from '@qconn/client';
import { systemClock } from '@qconn/clock';
import { QconnError, type ErrorCode } from '@qconn/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { afterFailure } from '../src/outbox/after-failure.ts';
import { Outbox } from '../src/outbox/outbox.ts';
import { CapturedLog } from './captured-log.ts';

interface Sent {
  readonly body: string;
  readonly key: string | undefined;
}

let folder = '';
let outbox: Outbox | undefined;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'qconn-outbox-'));
});
afterEach(async () => {
  await outbox?.close();
  outbox = undefined;
  rmSync(folder, { recursive: true });
});

/** An outbox that sends to something that fails with these codes first. */
function started(
  failures: readonly ErrorCode[] = [],
  options: { names?: string; afterwards?: 'keep' | 'delete' } = {},
): { log: CapturedLog; sent: Sent[]; outbox: Outbox } {
  const left = [...failures];
  const sent: Sent[] = [];
  const client = {
    request: (_to: unknown, body: unknown, { idempotencyKey }: RequestOptions = {}) => {
      sent.push({ body: Buffer.from(body as Uint8Array).toString(), key: idempotencyKey });
      const code = left.shift();
      const reply = { body: new Uint8Array(), headers: {}, stages: [] };
      return code === undefined ? Promise.resolve(reply) : Promise.reject(new QconnError(code));
    },
  } as unknown as Client;
  const log = new CapturedLog();
  const { names = '*', afterwards = 'keep' } = options;
  const config = { folder, to: 'report.store@archive', names, afterwards, settleMs: 10, jobMs: 1_000 };
  const made = new Outbox(config, { client, clock: systemClock, random: () => 0, log: log.log });
  outbox = made;
  made.start();
  return { log, sent, outbox: made };
}

function put(name: string, content: string): void {
  writeFileSync(path.join(folder, name), content);
}

function files(subfolder = '.'): string[] {
  return readdirSync(path.join(folder, subfolder)).toSorted();
}

test('sends what appears, once each, in the order of their names, and keeps it', async () => {
  put('b.txt', 'second');
  put('a.txt', 'first');
  const { log, sent, outbox: made } = started();
  await log.line(/^sent b\.txt/);
  put('c.txt', 'third');
  await log.line(/^sent c\.txt/);
  expect(sent.map(({ body }) => body)).toEqual(['first', 'second', 'third']);
  expect(new Set(sent.map(({ key }) => key)).size).toBe(3);
  expect(files('sent')).toEqual(['a.txt', 'b.txt', 'c.txt']);
  expect(files()).toEqual(['.sending', 'failed', 'sent']);
  expect(made.status).toMatchObject({ sent: 3, failed: 0, problem: null });
});

test('takes only the names that it is told to, and deletes when it is told to', async () => {
  put('label.zpl', 'label');
  put('label.zpl.part', 'not yet');
  put('.hidden.zpl', 'never');
  const { log, sent } = started([], { names: '*.zpl', afterwards: 'delete' });
  await log.line(/^sent label\.zpl/);
  expect(sent).toHaveLength(1);
  expect(files()).toEqual(['.hidden.zpl', '.sending', 'failed', 'label.zpl.part', 'sent']);
  expect(files('sent')).toEqual([]);
});

test('a target that is away delays a file, and what may have run is repeated under its key', async () => {
  put('a.txt', 'a');
  const { log, sent } = started(['offline', 'target_lost', 'offline']);
  await log.line(/^sent a\.txt/);
  const keys = sent.map(({ key }) => key);
  expect(keys).toHaveLength(4);
  expect(keys[1]).not.toBe(keys[0]);
  expect(keys.slice(1)).toEqual([keys[1], keys[1], keys[1]]);
  expect(log.messages[0]).toMatch(/^a\.txt is not delivered to report\.store@archive yet: /);
});

test('a file that its target refuses is put aside with the reason, and the next one is sent', async () => {
  put('a.txt', 'bad');
  put('b.txt', 'good');
  const { log, sent } = started(['rejected']);
  await log.line(/^sent b\.txt/);
  expect(sent).toHaveLength(2);
  expect(files('failed')).toEqual(['a.txt', 'a.txt.reason.txt']);
  expect(readFileSync(path.join(folder, 'failed', 'a.txt.reason.txt'), 'utf8')).toMatch(
    /\(rejected\) It was not run\./,
  );
});

test('what a killed agent was sending is sent again under the same key', async () => {
  mkdirSync(path.join(folder, '.sending'));
  put('.sending/the-key~a.txt', 'again');
  const { log, sent } = started();
  await log.line(/^sent a\.txt/);
  expect(sent).toEqual([{ body: 'again', key: 'the-key' }]);
  expect(files('sent')).toEqual(['a.txt']);
});

test('a name that was sent before does not replace what is kept', async () => {
  put('a.txt', 'one');
  const { log } = started();
  await log.line(/^sent a\.txt/);
  log.lines.length = 0;
  put('a.txt', 'two');
  await log.line(/^sent a\.txt/);
  expect(files('sent')).toEqual(['a-1.txt', 'a.txt']);
  expect(readFileSync(path.join(folder, 'sent', 'a.txt'), 'utf8')).toBe('one');
});

test('a folder that is not there is told of, and made use of once it is', async () => {
  rmSync(folder, { recursive: true });
  const { log } = started();
  await log.line(/cannot be read: .*ENOENT/);
  mkdirSync(folder);
  put('a.txt', 'a');
  await log.line(/^sent a\.txt/);
  expect(existsSync(path.join(folder, 'sent', 'a.txt'))).toBe(true);
});

describe('after a failure', () => {
  const MINUTE = 60_000;
  test.each([
    ['offline', true, false, 0, 'put_back'],
    ['forbidden', true, false, 90 * MINUTE, 'put_back'],
    ['offline', true, true, MINUTE, 'repeat'],
    ['target_lost', false, false, MINUTE, 'repeat'],
    ['target_lost', false, false, 56 * MINUTE, 'give_up'],
    ['busy', true, true, 56 * MINUTE, 'give_up'],
    ['rejected', true, false, 0, 'give_up'],
    ['handler_failed', false, false, 0, 'give_up'],
    ['too_large', true, false, 0, 'give_up'],
  ] as const)(
    '%s (retry safe: %s, may have run: %s, key %d ms old): %s',
    (code, retrySafe, mayHaveRun, keyAgeMs, next) => {
      expect(afterFailure({ code, retrySafe, mayHaveRun, keyAgeMs })).toBe(next);
    },
  );
});
