import { DEVICES_PER_SESSION_MAX, isQconnError, SERVICE_TYPES_PER_DEVICE_MAX } from '@qconn/protocol';
import { type Session, SessionTable } from '@qconn/routing';
import { expect, test } from 'vitest';

function table(): SessionTable<string> {
  return new SessionTable<string>();
}

function start(sessions: SessionTable<string>, id: string, fingerprint = 'qc1a', hostname?: string): Session<string> {
  return sessions.add({ id, fingerprint, hostname, value: `connection ${id}` }).session;
}

const names = (sessions: SessionTable<string>, type: string): string[] =>
  [...(sessions.pool(type) ?? [])].map((device) => `${device.session.id}/${device.name}`);

test('finds a session by id, fingerprint and hostname', () => {
  const sessions = table();
  const session = start(sessions, 's1', 'qc1a', 'printer-pc');
  expect(sessions.get('s1')).toBe(session);
  expect(sessions.ofMachine('qc1a')).toBe(session);
  expect(sessions.ofMachine('printer-pc')).toBe(session);
  expect(session.value).toBe('connection s1');
  expect(sessions.ofMachine('other')).toBeUndefined();
});

test('prefers a fingerprint to a hostname that looks the same', () => {
  const sessions = table();
  start(sessions, 's1', 'qc1x', 'qc1a');
  const owner = start(sessions, 's2', 'qc1a');
  expect(sessions.ofMachine('qc1a')).toBe(owner);
});

test('lets a newer session of the same machine supersede the older one at once', () => {
  const sessions = table();
  const older = start(sessions, 's1', 'qc1a', 'printer-pc');
  sessions.provide(older, 'zebra-1', ['print']);
  const { session: newer, superseded } = sessions.add({
    id: 's2',
    fingerprint: 'qc1a',
    hostname: 'printer-pc',
    value: '',
  });
  expect(superseded).toBe(older);
  expect(sessions.ofMachine('printer-pc')).toBe(newer);
  expect(sessions.isCurrent(older)).toBe(false);
  expect(names(sessions, 'print')).toEqual([]);
});

test('keeps the newer registration when the superseded session is cleaned up afterwards', () => {
  const sessions = table();
  const older = start(sessions, 's1', 'qc1a', 'printer-pc');
  sessions.provide(older, 'zebra-1', ['print']);
  const newer = start(sessions, 's2', 'qc1a', 'printer-pc');
  sessions.provide(newer, 'zebra-1', ['print']);
  sessions.provide(older, 'late', ['print']);
  expect(sessions.remove('s1')).toBe(older);
  expect(sessions.remove('s1')).toBeUndefined();
  expect(sessions.ofMachine('qc1a')).toBe(newer);
  expect(sessions.ofMachine('printer-pc')).toBe(newer);
  expect(names(sessions, 'print')).toEqual(['s2/zebra-1']);
  expect(sessions.size).toBe(1);
});

test('takes everything of a session with it when it goes', () => {
  const sessions = table();
  const session = start(sessions, 's1', 'qc1a', 'printer-pc');
  sessions.provide(session, 'zebra-1', ['print', 'print.label']);
  sessions.remove('s1');
  expect(sessions.ofMachine('qc1a')).toBeUndefined();
  expect(sessions.ofMachine('printer-pc')).toBeUndefined();
  expect([...sessions.serviceTypes()]).toEqual([]);
  expect(sessions.size).toBe(0);
});

test('moves a hostname from one machine to another, whoever is cleaned up first', () => {
  const sessions = table();
  start(sessions, 's1', 'qc1a', 'printer-pc');
  const heir = start(sessions, 's2', 'qc1b');
  sessions.rename('qc1b', 'printer-pc');
  expect(sessions.ofMachine('printer-pc')).toBe(heir);
  sessions.rename('qc1a', undefined);
  expect(sessions.ofMachine('printer-pc')).toBe(heir);
  sessions.remove('s1');
  expect(sessions.ofMachine('printer-pc')).toBe(heir);
});

test('gives a device that is provided again its new service types, and keeps what it is doing', () => {
  const sessions = table();
  const session = start(sessions, 's1');
  const device = sessions.provide(session, 'zebra-1', ['print', 'print.label']);
  device.began();
  expect(sessions.provide(session, 'zebra-1', ['print.label', 'scan'])).toBe(device);
  expect(device.inFlight).toBe(1);
  expect([...sessions.serviceTypes()].toSorted()).toEqual(['print.label', 'scan']);
  expect(names(sessions, 'scan')).toEqual(['s1/zebra-1']);
});

test('withdraws a device, and says whether there was one', () => {
  const sessions = table();
  const session = start(sessions, 's1');
  sessions.provide(session, 'zebra-1', ['print']);
  expect(sessions.withdraw(session, 'zebra-1')).toBe(true);
  expect(sessions.withdraw(session, 'zebra-1')).toBe(false);
  expect(sessions.pool('print')).toBeUndefined();
});

test('refuses more devices, and more service types, than a session may have', () => {
  const sessions = table();
  const session = start(sessions, 's1');
  for (let index = 0; index < DEVICES_PER_SESSION_MAX; index += 1) sessions.provide(session, `d${index}`, ['print']);
  sessions.provide(session, 'd0', ['scan']);
  expect(() => sessions.provide(session, 'one-more', ['print'])).toThrow(expect.objectContaining({ code: 'quota' }));
  const types = Array.from({ length: SERVICE_TYPES_PER_DEVICE_MAX + 1 }, (_, index) => `t${index}`);
  try {
    sessions.provide(session, 'd1', types);
    expect.unreachable();
  } catch (error) {
    expect(isQconnError(error, 'quota')).toBe(true);
  }
  expect(session.devices.get('d1')?.serviceTypes.has('print')).toBe(true);
});

test('has another version whenever something is found otherwise than before', () => {
  const sessions = table();
  let before = sessions.version;
  const changed = (): boolean => {
    const is = sessions.version !== before;
    before = sessions.version;
    return is;
  };
  const session = start(sessions, 's1', 'qc1a');
  expect(changed()).toBe(true);
  sessions.provide(session, 'zebra-1', ['print']);
  expect(changed()).toBe(true);
  sessions.rename('qc1a', 'printer-pc');
  expect(changed()).toBe(true);
  sessions.withdraw(session, 'zebra-1');
  expect(changed()).toBe(true);
  start(sessions, 's2', 'qc1a');
  expect(changed()).toBe(true);
  sessions.remove('s2');
  expect(changed()).toBe(true);
  sessions.pool('print');
  sessions.ofMachine('qc1a');
  expect(changed()).toBe(false);
});
