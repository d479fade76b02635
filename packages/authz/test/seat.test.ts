import { compilePolicy, explain, type Principal, Seat } from '@qconn/authz';
import { expect, test } from 'vitest';

const machine = (status: Principal['status'], roles: string[] = ['lims']): Principal => ({
  fingerprint: 'qc1lims',
  status,
  hostname: 'lims',
  labels: {},
  roles,
});

const granted = compilePolicy({
  generation: 1,
  roles: [{ name: 'lims', grants: [{ effect: 'allow', verb: 'submit', serviceTypes: ['print'] }] }],
  machines: [machine('authorized')],
});
const revoked = granted.with({ generation: 2, machines: [machine('revoked')] });
const removed = granted.with({ generation: 3, removedMachines: ['qc1lims'] });
const withoutRole = granted.with({ generation: 4, removedRoles: ['lims'] });

test('judges a seat by the snapshot that is asked, in whatever order snapshots come', () => {
  const seat = new Seat('qc1lims');
  const cause = (policy: typeof granted): string => policy.decide(seat, 'submit', 'print').cause;
  for (const [policy, expected] of [
    [granted, 'granted'],
    [granted, 'granted'],
    [revoked, 'revoked'],
    [granted, 'granted'],
    [removed, 'unknown'],
    [withoutRole, 'no_grant'],
    [revoked, 'revoked'],
  ] as const) {
    expect(cause(policy)).toBe(expected);
  }
});

test('finds a machine that is enrolled after its seat was taken', () => {
  const seat = new Seat('qc1lims');
  expect(removed.decide(seat, 'submit', 'print').cause).toBe('unknown');
  const enrolled = removed.with({ generation: 5, machines: [machine('authorized')] });
  expect(enrolled.decide(seat, 'submit', 'print').allowed).toBe(true);
});

test('names the machine of a seat when it explains', () => {
  const query = { principal: new Seat('qc1lims'), verb: 'submit', serviceType: 'scan' } as const;
  expect(explain(granted, query).reason).toBe('lims has no role that lets it submit scan; roles: lims');
  expect(explain(withoutRole, query).reason).toBe(
    'lims has no role that lets it submit scan; roles: lims (no such role)',
  );
  expect(explain(removed, query).reason).toBe('qc1lims is unknown to this hub');
});

test('finds every machine after more single changes than are kept apart', () => {
  const name = (index: number): string => `qc1m${index}`;
  let policy = compilePolicy({ generation: 0, roles: [], machines: [machine('authorized')] });
  for (let index = 0; index < 2_500; index += 1) {
    policy = policy.with({
      generation: index,
      machines: [{ ...machine('authorized'), fingerprint: name(index) }],
      removedMachines: index % 5 === 0 ? [name(index - 1)] : [],
    });
  }
  const present = (index: number): boolean => policy.machine(name(index)) !== undefined;
  expect(Array.from({ length: 2_500 }, (_, index) => present(index)).filter(Boolean)).toHaveLength(2_500 - 499);
  expect([present(4), present(5), present(2_494), present(2_499)]).toEqual([false, true, false, true]);
  expect([...policy.machines()]).toHaveLength(2_002);
});
