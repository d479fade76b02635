import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ManualClock } from '@qconn/clock';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readConfig } from '../src/config/read-config.ts';
import { ServiceNotifier } from '../src/service/service-notifier.ts';
import { systemdUnit } from '../src/service/systemd-unit.ts';
import { runAgent } from './agent-process.ts';
import { CapturedLog } from './captured-log.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'qconn-service-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function configured(devices = '[]', rest = ''): string {
  const file = path.join(folder, 'agent.yaml');
  writeFileSync(file, `credentials: /var/lib/qconn-agent\ndevices: ${devices}\n${rest}`);
  return file;
}

function unitOf(file: string, command = ['/usr/bin/qconn-agent', 'run']): string {
  return systemdUnit({ config: readConfig({ config: file }, ['credentials'], {}), command, user: 'qconn-agent' });
}

describe('the unit', () => {
  test('may write what the configuration names, and nothing else', () => {
    const spool = '{name: s, serviceTypes: [report], adapter: {type: file, folder: /srv/my reports}}';
    const unit = unitOf(configured(`[${spool}]`, 'outboxes: [{folder: /srv/out%1, to: report.store}]\n'));
    expect(unit.match(/^ReadWritePaths=.*$/gm)).toEqual([
      'ReadWritePaths=/var/lib/qconn-agent',
      'ReadWritePaths="/srv/my reports"',
      'ReadWritePaths=/srv/out%%1',
    ]);
    expect(unit).toContain('ProtectSystem=strict\n');
    expect(unit).toContain('PrivateDevices=yes\n');
  });

  test('lets programs of exec adapters see the devices of the machine', () => {
    const scale = '[{name: s, serviceTypes: [scale.read], adapter: {type: exec, argv: [read-scale]}}]';
    expect(unitOf(configured(scale))).toContain('PrivateDevices=no\n');
  });

  test('quotes what systemd would expand', () => {
    const unit = unitOf(configured(), ['/opt/my agent/qconn-agent', 'run', '--config', '/etc/$x/100%.yaml']);
    expect(unit).toContain('ExecStart="/opt/my agent/qconn-agent" run --config /etc/$$x/100%%.yaml\n');
  });

  test.runIf(existsSync('/usr/bin/systemd-analyze'))('passes systemd-analyze verify', () => {
    const unit = path.join(folder, 'qconn-agent.service');
    writeFileSync(unit, unitOf(configured(), ['/bin/true', 'run']).replace('User=qconn-agent', 'User=root'));
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' });
    const complaints = stderr.split('\n').filter((line) => line.includes('qconn-agent.service'));
    expect({ status, complaints }).toEqual({ status: 0, complaints: [] });
  });
});

describe('install', () => {
  test('writes the unit into a system image, and uninstall takes it away', async () => {
    const file = configured();
    const { code, stdout } = await runAgent(['install', '--config', file, '--root', folder]);
    const place = path.join(folder, 'etc/systemd/system/qconn-agent.service');
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining(`Wrote ${place}.`) });
    expect(readFileSync(place, 'utf8')).toContain(`run --config ${file}\n`);
    expect((await runAgent(['uninstall', '--root', folder])).stdout).toContain(`Removed ${place}.`);
    expect((await runAgent(['uninstall', '--root', folder])).stdout).toContain('nothing to do');
  });

  test('prints the unit on request, and refuses what has no configuration', async () => {
    expect((await runAgent(['install', '--print', '--config', configured()])).stdout).toMatch(
      /^# Written by qconn-agent/,
    );
    const { code, stderr } = await runAgent(['install', '--print']);
    expect(code).toBe(2);
    expect(stderr).toContain('name it with --config');
  });
});

/** A program in systemd-notify's place that writes down what it is told. */
async function told(count: number, act: (notifier: ServiceNotifier, clock: ManualClock) => void): Promise<string[]> {
  const out = path.join(folder, 'told');
  const program = path.join(folder, 'systemd-notify');
  writeFileSync(out, '');
  writeFileSync(program, `#!/bin/sh\necho "$*" >> ${out}\n`);
  chmodSync(program, 0o755);
  vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`);
  const clock = new ManualClock();
  const environment = { NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '60000000', WATCHDOG_PID: String(process.pid) };
  act(new ServiceNotifier({ clock, log: new CapturedLog().log, environment }), clock);
  const changes = watch(out);
  try {
    for (;;) {
      const lines = readFileSync(out, 'utf8').split('\n').slice(0, -1);
      if (lines.length >= count) return lines.toSorted();
      await new Promise((resolve) => changes.once('change', resolve));
    }
  } finally {
    changes.close();
  }
}

describe('systemd is told', () => {
  test('when it is ready, how it is doing, that it is alive at half the watchdog’s time, and when it stops', async () => {
    const lines = await told(4, (notifier, clock) => {
      notifier.ready();
      notifier.status('The agent is online.');
      notifier.status('The agent is online.');
      clock.advance(29_999);
      clock.advance(1);
      notifier.stopping();
      clock.advance(60_000);
    });
    expect(lines).toEqual([
      `--ready --pid=${process.pid}`,
      '--status=The agent is online.',
      'STOPPING=1',
      'WATCHDOG=1',
    ]);
  });

  test('nothing where there is no systemd, and one line of log where its program is missing', async () => {
    const log = new CapturedLog();
    const clock = new ManualClock();
    const silent = new ServiceNotifier({ clock, log: log.log, environment: {} });
    silent.ready();
    expect(clock.pendingTimers).toBe(0);
    vi.stubEnv('PATH', folder);
    const lost = new ServiceNotifier({ clock, log: log.log, environment: { NOTIFY_SOCKET: '/run/x' } });
    lost.ready();
    lost.stopping();
    await log.line(/^systemd cannot be told how the agent is doing: /);
    expect(log.lines).toHaveLength(1);
  });
});

test.runIf(existsSync('/usr/bin/systemd-notify'))('systemd-notify knows the words that it is told with', () => {
  const help = execFileSync('systemd-notify', ['--help'], { encoding: 'utf8' });
  expect(help).toMatch(/--ready/);
  expect(help).toMatch(/--status=/);
  expect(help).toMatch(/--pid/);
});
