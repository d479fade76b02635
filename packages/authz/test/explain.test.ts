import { compilePolicy, explain, type Principal } from '@qconn/authz';
import { expect, test } from 'vitest';

const machine = (fingerprint: string, hostname: string, roles: string[]): Principal => ({
  fingerprint,
  hostname,
  status: 'authorized',
  labels: {},
  roles,
});

const policy = compilePolicy({
  generation: 1,
  roles: [
    { name: 'lims', grants: [{ effect: 'allow', verb: 'submit', serviceTypes: ['print'] }] },
    { name: 'printer', grants: [{ effect: 'allow', verb: 'provide', serviceTypes: ['print'] }] },
    { name: 'quiet', grants: [{ effect: 'deny', verb: 'provide', serviceTypes: ['*'] }] },
  ],
  machines: [
    machine('qc1lims', 'lims', ['lims']),
    machine('qc1printer', 'printer-pc', ['printer']),
    machine('qc1quiet', 'quiet-pc', ['printer', 'quiet']),
    { ...machine('qc1gone', 'gone', ['lims']), status: 'revoked' },
    { ...machine('qc1new', 'new', []), status: 'pending', hostname: undefined },
  ],
});

const asks = (principal: string, serviceType: string, target?: string): ReturnType<typeof explain> =>
  explain(policy, { principal, verb: 'submit', serviceType, target });

test.each([
  ['qc1lims', 'print', undefined, true, 'role lims lets lims submit print'],
  ['qc1lims', 'print', 'qc1printer', true, 'role printer lets printer-pc provide print'],
  ['qc1lims', 'print', 'qc1quiet', false, 'role quiet forbids quiet-pc to provide *'],
  ['qc1lims', 'scale.read', undefined, false, 'lims has no role that lets it submit scale.read; roles: lims'],
  ['qc1lims', 'print', 'qc1nobody', false, 'lims named a target that this hub does not know'],
  ['qc1gone', 'print', undefined, false, 'gone is revoked'],
  ['qc1new', 'print', undefined, false, 'qc1new is pending: no administrator has authorized it yet'],
  ['qc1nobody', 'print', undefined, false, 'qc1nobody is unknown to this hub'],
])('says why: %s submit %s to %s', (principal, serviceType, target, allowed, reason) => {
  expect(asks(principal, serviceType, target)).toMatchObject({ allowed, reason });
});

test('shows both sides of a message, in the order in which they are checked', () => {
  const { steps } = asks('qc1lims', 'print', 'qc1printer');
  expect(steps.map(({ question }) => question)).toEqual([
    'lims submit print towards printer-pc',
    'printer-pc provide print towards lims',
  ]);
});

test('keeps a reason short, however long the grant', () => {
  const serviceTypes = Array.from({ length: 60 }, (_, index) => `work.n${index}`);
  const long = compilePolicy({
    generation: 1,
    roles: [{ name: 'lims', grants: [{ effect: 'allow', verb: 'submit', serviceTypes }] }],
    machines: [machine('qc1lims', 'lims', ['lims'])],
  });
  expect(explain(long, { principal: 'qc1lims', verb: 'submit', serviceType: 'work.n7' }).reason).toBe(
    'role lims lets lims submit work.n0, work.n1, work.n2, work.n3, work.n4 and 55 more',
  );
});
