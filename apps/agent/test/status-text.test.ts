import { expect, test } from 'vitest';
import type { RunningStatus } from '../src/control/agent-status.ts';
import { statusText } from '../src/control/status-text.ts';
import { duration } from '../src/words.ts';

const NOW = Date.UTC(2026, 0, 2, 12);
const IDENTITY = {
  hub: 'https://hub.example:8443',
  fingerprint: 'qc1agent',
  shortCode: 'K7QM-2XPD',
  certificateExpiresAt: '2026-01-09T12:00:00.000Z',
};
const ONLINE: RunningStatus = {
  ...IDENTITY,
  running: true,
  agent: 'qconn-agent/1.0.0',
  pid: 4_711,
  startedAt: '2026-01-02T11:00:00.000Z',
  phase: 'online',
  phaseSince: '2026-01-02T11:59:48.000Z',
  machine: { status: 'authorized', hostname: 'printer-pc', roles: ['printer', 'scales'] },
  config: { file: '/etc/qconn/agent.yaml', readAt: '2026-01-02T11:00:00.000Z', problem: null },
  drained: false,
  outboxes: [],
  devices: [
    {
      name: 'zebra-1',
      serviceTypes: ['print'],
      target: 'tcp 10.0.0.9:9100',
      concurrency: 4,
      jobs: { running: 1, done: 12, failed: 2 },
      permitted: true,
      problem: null,
    },
    {
      name: 's',
      serviceTypes: ['scale.read', 'scale.tare'],
      target: 'exec scale',
      concurrency: 1,
      jobs: { running: 0, done: 0, failed: 0 },
      permitted: null,
      problem: 'Somebody has it.',
    },
  ],
  lastError: {
    code: 'idle_timeout',
    message: 'Nothing was heard.',
    action: 'Check the network.',
    at: '2026-01-02T11:30:00.000Z',
  },
};

test('tells of an agent that is online', () => {
  expect(statusText(ONLINE, NOW)).toBe(`The agent is online as printer-pc (for 12 s; pid 4711, started 60 min ago).
  hub          https://hub.example:8443
  fingerprint  qc1agent
  short code   K7QM-2XPD
  certificate  expires in 7 days (2026-01-09T12:00:00.000Z)
  approval     authorized, roles: printer, scales
  last error   Nothing was heard. (idle_timeout, 30 min ago)
  device zebra-1  print through tcp 10.0.0.9:9100; jobs: 12 done, 2 failed, 1 running
  device s        scale.read, scale.tare through exec scale; not served: Somebody has it.
`);
});

test.each([
  ['pending', 'is connected and waits for approval: give an administrator the short code K7QM-2XPD'],
  ['connecting', 'is connecting to the hub'],
  ['backing_off', 'is not connected and will try again'],
  ['stopped', 'is stopping'],
] as const)('tells of an agent that is %s', (phase, words) => {
  expect(statusText({ ...ONLINE, phase }, NOW)).toMatch(new RegExp(`^The agent ${words} \\(for`));
});

test('says what to do while it is not connected, and no longer', () => {
  expect(statusText({ ...ONLINE, phase: 'backing_off' }, NOW)).toContain('what to do   Check the network.');
  expect(statusText(ONLINE, NOW)).not.toContain('what to do');
});

test('tells what the folder says when no agent runs', () => {
  const text = statusText({ running: false, ...IDENTITY, certificateExpiresAt: '2026-01-01T12:00:00.000Z' }, NOW);
  expect(text).toMatch(/^The agent does not run\. Start it with: qconn-agent run\n/);
  expect(text).toContain('certificate  expired 24 h ago');
});

test('an agent without devices says so', () => {
  expect(statusText({ ...ONLINE, devices: [] }, NOW)).toContain('no devices are configured');
});

test.each([
  [0, '0.0 s'],
  [9_949, '9.9 s'],
  [9_950, '10 s'],
  [119_000, '119 s'],
  [120_000, '2 min'],
  [7_200_000, '2 h'],
  [172_800_000, '2 days'],
])('%d ms are %s', (ms, words) => {
  expect(duration(ms)).toBe(words);
});

test('tells of devices that are drained, of outboxes, and of a configuration that is refused', () => {
  const text = statusText(
    {
      ...ONLINE,
      drained: true,
      config: { ...ONLINE.config, problem: 'The configuration has a mistake' },
      outboxes: [
        { folder: '/srv/out', to: 'report.store', waiting: 2, sent: 3, failed: 1, problem: 'archive-pc is offline.' },
      ],
    },
    NOW,
  );
  expect(text).toContain('the one in /etc/qconn/agent.yaml is not in force: The configuration has a mistake\n');
  expect(text).toContain('  drained: no device takes jobs until qconn-agent resume\n');
  expect(text).toContain('  outbox /srv/out  to report.store; 3 sent, 2 waiting, 1 failed; archive-pc is offline.\n');
});
