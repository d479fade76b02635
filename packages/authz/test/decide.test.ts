import {
  compilePolicy,
  decide,
  decideExchange,
  type Grant,
  type Policy,
  type Principal,
  type Role,
} from '@qconn/authz';
import { expect, test } from 'vitest';

const LIMS = 'qc1lims';
const PRINTER = 'qc1printer';

function machine(fingerprint: string, roles: string[], more: Partial<Principal> = {}): Principal {
  return { fingerprint, status: 'authorized', hostname: fingerprint.slice(3), labels: {}, roles, ...more };
}

function allow(verb: Grant['verb'], serviceTypes: string[], selector?: Grant['selector']): Grant {
  return { effect: 'allow', verb, serviceTypes, ...(selector === undefined ? {} : { selector }) };
}

const printerRole: Role = { name: 'printer', grants: [allow('provide', ['print.*', 'print'])] };

function policyWith(grants: Grant[], printer: Partial<Principal> = {}, lims: Partial<Principal> = {}): Policy {
  return compilePolicy({
    generation: 7,
    roles: [{ name: 'lims', grants }, printerRole],
    machines: [machine(LIMS, ['lims'], lims), machine(PRINTER, ['printer'], printer)],
  });
}

const message = { sender: LIMS, target: PRINTER, serviceType: 'print' };

test('denies when nothing matches', () => {
  const decision = decideExchange(policyWith([]), message);
  expect(decision).toMatchObject({ allowed: false, cause: 'no_grant' });
  expect(decision.reasonFor('lims')).toBe('lims has no role that lets it submit print; roles: lims');
});

test('allows when both sides may, and names the grant', () => {
  const decision = decideExchange(policyWith([allow('submit', ['print'])]), message);
  expect(decision).toMatchObject({ allowed: true, cause: 'granted', origin: { role: 'printer', index: 0 } });
});

test('refuses when the target may not provide, even though the sender may submit', () => {
  const policy = policyWith([allow('submit', ['*'])]);
  expect(decideExchange(policy, { ...message, serviceType: 'scale' })).toMatchObject({ cause: 'no_grant' });
});

test('lets deny beat allow, whatever their order', () => {
  const deny: Grant = { effect: 'deny', verb: 'submit', serviceTypes: ['print'] };
  for (const grants of [
    [deny, allow('submit', ['*'])],
    [allow('submit', ['*']), deny],
  ]) {
    expect(decideExchange(policyWith(grants), message)).toMatchObject({ allowed: false, cause: 'denied' });
  }
});

test('holds a grant with a selector to the machines that it selects', () => {
  const policy = policyWith([allow('submit', ['print'], { labels: { site: 'oslo' } })]);
  expect(decideExchange(policy, message).reasonFor('lims')).toBe(
    'lims may submit print only towards site=oslo (role lims)',
  );
  const moved = policy.with({ generation: 8, machines: [machine(PRINTER, ['printer'], { labels: { site: 'oslo' } })] });
  expect(decideExchange(moved, message).allowed).toBe(true);
});

test('takes a question without a target as "towards any machine at all?"', () => {
  const oslo = { labels: { site: 'oslo' } };
  const limitedDeny: Grant = { effect: 'deny', verb: 'submit', serviceTypes: ['print'], selector: oslo };
  const ask = { principal: LIMS, verb: 'submit', serviceType: 'print' } as const;
  expect(decide(policyWith([allow('submit', ['print'], oslo)]), ask).allowed).toBe(true);
  expect(decide(policyWith([allow('submit', ['print']), limitedDeny]), ask).allowed).toBe(true);
  expect(decide(policyWith([limitedDeny]), ask).allowed).toBe(false);
});

test('denies everything to a machine that is pending, revoked or unknown', () => {
  const grants = [allow('submit', ['*'])];
  expect(decideExchange(policyWith(grants, {}, { status: 'pending' }), message).cause).toBe('pending');
  expect(decideExchange(policyWith(grants, {}, { status: 'revoked' }), message).cause).toBe('revoked');
  expect(decideExchange(policyWith(grants, { status: 'revoked' }), message).cause).toBe('revoked');
  expect(decideExchange(policyWith(grants), { ...message, sender: 'qc1nobody' }).cause).toBe('unknown');
  expect(decideExchange(policyWith(grants), { ...message, target: 'qc1nobody' }).cause).toBe('unknown_target');
  expect(decide(policyWith(grants), { principal: LIMS, verb: 'submit', serviceType: 'print' }).allowed).toBe(true);
});

test('does not take print.* for print, nor print for printer', () => {
  const policy = policyWith([allow('submit', ['print.*'])]);
  const asks = (serviceType: string): boolean =>
    decide(policy, { principal: LIMS, verb: 'submit', serviceType }).allowed;
  expect(asks('print.label')).toBe(true);
  expect(asks('print.label.small')).toBe(true);
  expect(asks('print')).toBe(false);
  expect(asks('printer')).toBe(false);
  expect(asks('printer.x')).toBe(false);
});

test('compares hostnames without regard to case', () => {
  const grants = [allow('submit', ['print'], { hostnames: ['LABEL-*'] })];
  expect(decideExchange(policyWith(grants, { hostname: 'Label-7' }), message).allowed).toBe(true);
  expect(decideExchange(policyWith(grants, { hostname: undefined }), message).allowed).toBe(false);
});

test('judges a principal that is no machine by what it says itself', () => {
  const policy = policyWith([allow('admin', ['machines.*'])]);
  const key = machine('key:1', ['lims']);
  expect(decide(policy, { principal: key, verb: 'admin', serviceType: 'machines.approve' }).allowed).toBe(true);
  expect(decide(policy, { principal: key, verb: 'admin', serviceType: 'ca.rotate' }).allowed).toBe(false);
});

test('keeps deciding rightly after a sender made up more service types than are remembered', () => {
  const policy = policyWith([allow('submit', ['print', 'made-up.*'])]);
  for (let index = 0; index < 140_000; index += 1) {
    const serviceType = `made-up.n${index}`;
    if (!decide(policy, { principal: LIMS, verb: 'submit', serviceType }).allowed) throw new Error(serviceType);
  }
  expect(decideExchange(policy, message).allowed).toBe(true);
});
