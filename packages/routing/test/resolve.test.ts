import type { Address } from '@qconn/protocol';
import {
  resolve,
  resolveAll,
  SessionTable,
  type Permission,
  type Resolution,
  type ResolutionContext,
} from '@qconn/routing';
import { describe, expect, test } from 'vitest';

const yes: Permission = { allowed: true, reason: 'role lims' };
const no: Permission = { allowed: false, reason: 'it has no role that lets it submit print' };

/** Two printers online, one of them with two devices; `far-pc` is enrolled and offline. */
function lab(): SessionTable<null> {
  const sessions = new SessionTable<null>();
  const near = sessions.add({ id: 's1', fingerprint: 'qc1near', hostname: 'near-pc', value: null }).session;
  const other = sessions.add({ id: 's2', fingerprint: 'qc1other', hostname: 'other-pc', value: null }).session;
  sessions.provide(near, 'zebra-1', ['print', 'print.label']);
  sessions.provide(near, 'zebra-2', ['print']);
  sessions.provide(other, 'zebra-1', ['print']);
  return sessions;
}

const enrolled = new Map([
  ['far-pc', 'qc1far'],
  ['qc1far', 'qc1far'],
  ['near-pc', 'qc1near'],
]);

function context(more: Partial<ResolutionContext> = {}): ResolutionContext {
  return { permitted: () => yes, knownMachine: (machine) => enrolled.get(machine), random01: 0, ...more };
}

function found(resolution: Resolution<null>): string {
  return resolution.outcome === 'resolved'
    ? `${resolution.device.session.hostname}/${resolution.device.name}`
    : `${resolution.outcome}: ${resolution.reason}`;
}

test.each([
  ['a device by hostname', { machine: 'near-pc', device: 'zebra-2' }, 'near-pc/zebra-2'],
  ['a device by fingerprint', { machine: 'qc1near', device: 'zebra-2' }, 'near-pc/zebra-2'],
  ['a machine that nobody knows', { machine: 'nowhere' }, 'not_found: no machine nowhere is known'],
  [
    'an offline machine by hostname',
    { machine: 'far-pc', device: 'zebra-1' },
    'offline: machine far-pc is not connected',
  ],
  ['an offline machine by fingerprint', { machine: 'qc1far' }, 'offline: machine qc1far is not connected'],
  [
    'a device that the machine lacks',
    { machine: 'near-pc', device: 'zebra-9' },
    'not_found: machine near-pc has no device zebra-9',
  ],
  ['a service type that nobody provides', { serviceType: 'scan' }, 'not_found: no machine provides scan now'],
  ['a device that no machine has', { device: 'zebra-9' }, 'not_found: no device zebra-9 provides print now'],
  [
    'a service type that the machine lacks',
    { serviceType: 'scan', machine: 'near-pc' },
    'not_found: machine near-pc provides no scan now',
  ],
  [
    'a service type that the device lacks',
    { serviceType: 'print.label', machine: 'near-pc', device: 'zebra-2' },
    'not_found: device zebra-2 on near-pc does not provide print.label; it provides print',
  ],
])('resolves %s', (_what, address, expected) => {
  expect(found(resolve(lab(), { serviceType: 'print', ...address }, context()))).toBe(expected);
});

test('refuses a sender without the right before it can learn what exists', () => {
  const nothing = context({ permitted: () => no });
  for (const machine of ['near-pc', 'far-pc', 'nowhere', undefined]) {
    expect(resolve(lab(), { serviceType: 'print', machine }, nothing)).toEqual({
      outcome: 'forbidden',
      reason: no.reason,
    });
  }
});

test('refuses a target that is not permitted before it tells whether it is online or has the device', () => {
  const notThere = context({ permitted: (target) => (target === undefined ? yes : no) });
  for (const machine of ['near-pc', 'far-pc']) {
    const address = { serviceType: 'print', machine, device: 'zebra-9' };
    expect(resolve(lab(), address, notThere)).toEqual({ outcome: 'forbidden', reason: no.reason });
  }
});

test('picks the permitted provider with the fewest exchanges in flight', () => {
  const sessions = lab();
  const pick = (more?: Partial<ResolutionContext>): string =>
    found(resolve(sessions, { serviceType: 'print' }, context(more)));
  const devices = [...(sessions.pool('print') ?? [])];
  for (const device of devices) device.began();
  devices.find((device) => device.name === 'zebra-2')?.ended();
  expect(pick({ random01: 0.99 })).toBe('near-pc/zebra-2');
  expect(pick({ permitted: (target) => (target === 'qc1near' ? no : yes) })).toBe('other-pc/zebra-1');
});

test('says forbidden, not not_found, when there are providers and none is permitted', () => {
  const none = context({ permitted: (target) => (target === undefined ? yes : no) });
  expect(found(resolve(lab(), { serviceType: 'print' }, none))).toBe(
    'forbidden: no live provider of print is permitted: it has no role that lets it submit print',
  );
});

test('picks the least busy device of the machine that is named', () => {
  const sessions = lab();
  sessions.ofMachine('near-pc')?.devices.get('zebra-1')?.began();
  const address = { serviceType: 'print', machine: 'near-pc' };
  for (const random01 of [0, 0.5, 0.99]) {
    expect(found(resolve(sessions, address, context({ random01 })))).toBe('near-pc/zebra-2');
  }
});

test('knows a machine by a hostname that its session has not been told of yet', () => {
  const sessions = new SessionTable<null>();
  const session = sessions.add({ id: 's1', fingerprint: 'qc1far', value: null }).session;
  sessions.provide(session, 'zebra-1', ['print']);
  expect(resolve(sessions, { serviceType: 'print', machine: 'far-pc' }, context()).outcome).toBe('resolved');
});

test('a stickiness key finds the same device each time, however busy it is', () => {
  const sessions = lab();
  const first = resolve(sessions, { serviceType: 'print' }, context({ stickyKey: 'order-1' }));
  if (first.outcome !== 'resolved') throw new Error(first.reason);
  first.device.began();
  first.device.began();
  const again = resolve(sessions, { serviceType: 'print' }, context({ stickyKey: 'order-1', random01: 0.9 }));
  expect(found(again)).toBe(found(first));
});

test('a stickiness key chooses among the devices of a named machine', () => {
  const address = { serviceType: 'print', machine: 'near-pc' };
  const names = ['a', 'b', 'c', 'd', 'e', 'f'].map((stickyKey) =>
    found(resolve(lab(), address, context({ stickyKey }))),
  );
  expect(new Set(names)).toEqual(new Set(['near-pc/zebra-1', 'near-pc/zebra-2']));
});

describe('all that an address fits', () => {
  const all = (address: Partial<Address>, limit = 256, more: Partial<ResolutionContext> = {}): unknown => {
    const resolution = resolveAll(lab(), { serviceType: 'print', ...address }, context(more), limit);
    if (resolution.outcome !== 'resolved') return `${resolution.outcome}: ${resolution.reason}`;
    const names = resolution.devices.map(({ session, name }) => `${session.hostname}/${name}`);
    return [...names.toSorted(), ...(resolution.more ? ['and more'] : [])];
  };

  test.each<[string, Partial<Address>, number, unknown]>([
    ['every device of a service type', {}, 256, ['near-pc/zebra-1', 'near-pc/zebra-2', 'other-pc/zebra-1']],
    ['devices of one name', { device: 'zebra-1' }, 256, ['near-pc/zebra-1', 'other-pc/zebra-1']],
    ['devices of one machine', { machine: 'near-pc' }, 256, ['near-pc/zebra-1', 'near-pc/zebra-2']],
    ['some devices of one machine', { machine: 'near-pc' }, 1, ['near-pc/zebra-1', 'and more']],
    ['one device', { machine: 'near-pc', device: 'zebra-2' }, 256, ['near-pc/zebra-2']],
    ['nobody', { serviceType: 'scan' }, 256, 'not_found: no machine provides scan now'],
    [
      'nobody on a machine',
      { serviceType: 'scan', machine: 'near-pc' },
      9,
      'not_found: machine near-pc provides no scan now',
    ],
    ['a machine that is away', { machine: 'far-pc' }, 256, 'offline: machine far-pc is not connected'],
  ])('%s', (_what, address, limit, expected) => {
    expect(all(address, limit)).toEqual(expected);
  });

  test('stops at the limit, the least busy first', () => {
    const sessions = lab();
    const busy = sessions.ofMachine('near-pc')?.devices.get('zebra-1');
    busy?.began();
    const resolution = resolveAll(sessions, { serviceType: 'print' }, context(), 2);
    if (resolution.outcome !== 'resolved') throw new Error(resolution.reason);
    expect(resolution.devices).not.toContain(busy);
    expect(resolution.more).toBe(true);
  });

  test('leaves out who is not permitted, and says why where nobody is left', () => {
    expect(all({}, 256, { permitted: (target) => (target === 'qc1near' ? no : yes) })).toEqual(['other-pc/zebra-1']);
    expect(all({}, 256, { permitted: (target) => (target === undefined ? yes : no) })).toMatch(/^forbidden: no live/);
    expect(all({}, 256, { permitted: () => no })).toBe(`forbidden: ${no.reason}`);
  });
});
