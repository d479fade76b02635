import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '@qconn/clock';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readConfig } from '../src/config/read-config.ts';
import { Reloading } from '../src/run/reloading.ts';
import { CapturedLog } from './captured-log.ts';

let folder = '';
let file = '';
let reloading: Reloading | undefined;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'qconn-reload-'));
  file = path.join(folder, 'agent.yaml');
});
afterEach(async () => {
  await reloading?.close();
  reloading = undefined;
  rmSync(folder, { recursive: true });
});

function write(...devices: string[]): void {
  const lines = devices.map(
    (name) => `  - {name: ${name}, serviceTypes: [print], adapter: {type: file, folder: out}}\n`,
  );
  writeFileSync(file, `credentials: here\ndevices:\n${lines.join('')}`);
}

function started(): { reloading: Reloading; log: CapturedLog; applied: string[][] } {
  const read = () => readConfig({ config: file }, ['credentials'], {});
  const log = new CapturedLog();
  const applied: string[][] = [];
  const made = new Reloading(read(), file, {
    clock: systemClock,
    log: log.log,
    read,
    apply: ({ devices }) => {
      const names = devices.map(({ name }) => name);
      applied.push(names);
      return Promise.resolve({ added: names, changed: [], removed: [] });
    },
  });
  reloading = made;
  made.start();
  return { reloading: made, log, applied };
}

test('an edit of the file is put into force by itself', async () => {
  write('a');
  const { log, applied } = started();
  write('a', 'b');
  await log.line(/^configuration read again: added a, b$/);
  expect(applied).toEqual([['a', 'b']]);
});

test('an edit with a mistake is refused with its line, and the old configuration stays', async () => {
  write('a');
  const { reloading: made, log, applied } = started();
  writeFileSync(file, 'credentials: here\ndevices: [{name: a}]\n');
  expect((await log.line(/^the new configuration is refused, the old one stays:/)).msg).toContain('agent.yaml:2:');
  expect(made.config.devices.map(({ name }) => name)).toEqual(['a']);
  expect(made.status.problem).toContain('agent.yaml:2:');
  write('a', 'c');
  await log.line(/^configuration read again/);
  expect(made.status.problem).toBeNull();
  expect(applied).toEqual([['a', 'c']]);
});

test('SIGHUP reads it, and what only a start can change is told of', async () => {
  write('a');
  const { log } = started();
  writeFileSync(file, 'credentials: elsewhere\nhub: https://other:1\ndevices: []\n');
  process.emit('SIGHUP');
  await log.line(/hub, credentials will count from the next start on/);
});

test('asked for, a reload answers with what it did, or throws every mistake', async () => {
  write('a');
  const { reloading: made } = started();
  expect(await made.reload()).toEqual({ added: ['a'], changed: [], removed: [], atNextStart: [] });
  writeFileSync(file, 'credentials: 1\nnonsense: 2\n');
  await expect(made.reload()).rejects.toMatchObject({ code: 'config_invalid', facts: { mistakes: 2 } });
});
