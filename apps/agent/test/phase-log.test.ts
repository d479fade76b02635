import type { ClientEvent, OwnMachine } from '@qconn/client';
import { ManualClock } from '@qconn/clock';
import { QconnError, type ErrorCode } from '@qconn/protocol';
import { beforeEach, expect, test } from 'vitest';
import { PhaseLog } from '../src/run/phase-log.ts';
import { CapturedLog } from './captured-log.ts';

const PENDING: OwnMachine = {
  status: 'pending',
  hostname: undefined,
  roles: [],
  fingerprint: 'qc1agent',
  shortCode: 'K7QM-2XPD',
};
const AUTHORIZED: OwnMachine = { ...PENDING, status: 'authorized', hostname: 'printer-pc', roles: ['printer'] };

let clock = new ManualClock();
let captured = new CapturedLog();
let machine: OwnMachine | undefined;
let phaseLog = make();
beforeEach(() => {
  clock = new ManualClock();
  captured = new CapturedLog();
  machine = undefined;
  phaseLog = make();
});

function make(): PhaseLog {
  return new PhaseLog({ log: captured.log, clock, machine: () => machine });
}

function phase(name: 'online' | 'pending' | 'stopped' | 'connecting'): ClientEvent {
  return { kind: 'phase', phase: name, reason: undefined, waitMs: undefined };
}

function backingOff(code: ErrorCode, waitMs = 1_200): ClientEvent {
  return { kind: 'phase', phase: 'backing_off', reason: new QconnError(code), waitMs };
}

/** What the hub says of the machine: a phase, then the machine itself, as the client tells them. */
function standing(now: OwnMachine): void {
  machine = now;
  phaseLog.take(phase(now.status === 'pending' ? 'pending' : 'online'));
  phaseLog.take({ kind: 'machine', machine: now });
}

test('tells each standing once', () => {
  standing(PENDING);
  standing(AUTHORIZED);
  standing({ ...AUTHORIZED, roles: ['printer', 'scales'] });
  expect(captured.messages).toEqual([
    'connected, waiting for approval: give an administrator the short code K7QM-2XPD',
    'approved; online as printer-pc with the role printer',
    'online as printer-pc with the roles printer, scales',
  ]);
});

test('a machine without a hostname and without a role is told what that means', () => {
  standing({ ...AUTHORIZED, hostname: undefined, roles: [] });
  expect(captured.messages).toEqual(['online as qc1agent without a role, so it may do nothing yet']);
});

test('the same reason is told once, and again after ten minutes', () => {
  for (let second = 0; second <= 1_210; second += 10) {
    phaseLog.take(backingOff('unreachable'));
    clock.advance(10_000);
  }
  expect(captured.messages).toHaveLength(3);
  expect(captured.lines[0]).toMatchObject({
    level: 'warn',
    code: 'unreachable',
    action: expect.any(String),
    msg: 'not connected: The hub did not answer at that address. Trying again in 1.2 s.',
  });
});

test('another reason is told at once, and the first again after a connection', () => {
  phaseLog.take(backingOff('unreachable'));
  phaseLog.take(backingOff('revoked', 240_000));
  standing(AUTHORIZED);
  phaseLog.take(backingOff('revoked'));
  standing(AUTHORIZED);
  expect(captured.messages).toEqual([
    expect.stringContaining('did not answer'),
    expect.stringMatching(/revoked\. Trying again in 4 min\.$/),
    'online as printer-pc with the role printer',
    expect.stringContaining('revoked'),
    'online as printer-pc with the role printer',
  ]);
});

test('a revocation that comes as a status is an error', () => {
  machine = { ...AUTHORIZED, status: 'revoked' };
  phaseLog.take({ kind: 'machine', machine });
  expect(captured.lines).toMatchObject([{ level: 'error', msg: expect.stringContaining('revoked') }]);
});

test('tells of jobs that do not stop, with the device and for how long', () => {
  phaseLog.take({ kind: 'overdue', device: 'zebra-1', jobs: 1, longestMs: 30_000 });
  phaseLog.take({ kind: 'overdue', device: 'zebra-1', jobs: 3, longestMs: 60_001 });
  expect(captured.lines).toMatchObject([
    { level: 'warn', device: 'zebra-1', jobs: 1, ms: 30_000, msg: expect.stringMatching(/^a job of zebra-1 .* 30 s/) },
    { level: 'warn', jobs: 3, msg: expect.stringMatching(/^3 jobs of zebra-1 do not stop, 60 s .* keep their places/) },
  ]);
});

test('tells of renewals, and of those that fail', () => {
  const error = new QconnError('unreachable');
  phaseLog.take({ kind: 'renewed', expiresAt: 0 });
  phaseLog.take({ kind: 'renewalFailed', error, retryAt: 1_000 });
  phaseLog.take({ kind: 'renewalFailed', error, retryAt: undefined });
  expect(captured.lines).toMatchObject([
    { level: 'info', msg: 'certificate renewed', expiresAt: '1970-01-01T00:00:00.000Z' },
    { level: 'warn', msg: expect.stringContaining('The old one stays in use.'), retryAt: '1970-01-01T00:00:01.000Z' },
    { level: 'warn', msg: expect.stringContaining('not in its place on disk') },
  ]);
});

test('a device that no role lets it provide is told, unless the machine is still pending', () => {
  machine = PENDING;
  phaseLog.take({ kind: 'provided', device: 'zebra-1', permitted: false });
  machine = AUTHORIZED;
  phaseLog.take({ kind: 'provided', device: 'zebra-1', permitted: true });
  expect(captured.messages).toEqual([]);
  phaseLog.take({ kind: 'provided', device: 'zebra-1', permitted: false });
  expect(captured.lines).toMatchObject([
    { level: 'warn', device: 'zebra-1', msg: expect.stringContaining('no role lets this machine provide zebra-1 yet') },
  ]);
});
