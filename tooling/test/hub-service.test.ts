import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const UNIT = readFileSync(new URL('../../deploy/systemd/qconn-hub.service', import.meta.url), 'utf8');

test.runIf(existsSync('/usr/bin/systemd-analyze'))('the hub’s unit passes systemd-analyze verify', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'qconn-unit-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const unit = path.join(folder, 'qconn-hub.service');
  // Neither the program nor its user is here.
  writeFileSync(unit, UNIT.replace(/^ExecStart=.*$/m, 'ExecStart=/bin/true').replace(/^User=.*$/m, 'User=root'));
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' });
  expect({ status, complaints: stderr.split('\n').filter((line) => line.includes('qconn-hub.service')) }).toEqual({
    status: 0,
    complaints: [],
  });
});
