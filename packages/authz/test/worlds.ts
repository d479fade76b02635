import type { Grant, Principal, Role, Selector } from '@qconn/authz';
import fc from 'fast-check';

/** Few distinct words, so that random policies meet random questions often. */
export const SERVICE_TYPES = ['print', 'print.label', 'print.label.small', 'printer', 'scale', 'scale.read', 'p'];
const PATTERNS = ['print', 'print.*', 'print.label', 'print.label.*', 'scale.*', 'scale.read', '*', 'p.*'];
const HOSTNAMES = ['label-1', 'label-2', 'Oslo-PC', 'oslo-pc', 'kiosk'];
const HOSTNAME_PATTERNS = [...HOSTNAMES, 'label-*', 'OSLO*', '*x', 'kiosk*'];
export const ROLE_NAMES = ['a', 'b', 'c', 'd'];
export const FINGERPRINTS = ['qc1qqq', 'qc1zzz', 'qc1qzq', 'qc1xyz', 'key:7'];

const labels = fc.dictionary(fc.constantFrom('site', 'floor', 'constructor'), fc.constantFrom('oslo', 'bergen', '2'), {
  maxKeys: 3,
  noNullPrototype: true,
});

const selector: fc.Arbitrary<Selector> = fc.record(
  { labels, hostnames: fc.array(fc.constantFrom(...HOSTNAME_PATTERNS), { maxLength: 3 }) },
  { requiredKeys: [], noNullPrototype: true },
);

const grant: fc.Arbitrary<Grant> = fc.record(
  {
    effect: fc.constantFrom('allow', 'allow', 'deny'),
    verb: fc.constantFrom('submit', 'submit', 'provide', 'query', 'admin'),
    serviceTypes: fc.array(fc.constantFrom(...PATTERNS), { minLength: 1, maxLength: 3 }),
    selector,
  },
  { requiredKeys: ['effect', 'verb', 'serviceTypes'], noNullPrototype: true },
) as fc.Arbitrary<Grant>;

export const machine: fc.Arbitrary<Principal> = fc.record({
  fingerprint: fc.constantFrom(...FINGERPRINTS),
  status: fc.constantFrom('authorized', 'authorized', 'authorized', 'authorized', 'pending', 'revoked'),
  hostname: fc.option(fc.constantFrom(...HOSTNAMES), { nil: undefined }),
  labels,
  roles: fc.array(fc.constantFrom(...ROLE_NAMES, 'ghost'), { maxLength: 4 }),
}) as fc.Arbitrary<Principal>;

export const role: fc.Arbitrary<Role> = fc.record({
  name: fc.constantFrom(...ROLE_NAMES),
  grants: fc.array(grant, { maxLength: 6 }),
});

export const roles: fc.Arbitrary<Role[]> = fc.uniqueArray(role, { selector: ({ name }) => name, maxLength: 4 });

export const machines: fc.Arbitrary<Principal[]> = fc.uniqueArray(machine, {
  selector: ({ fingerprint }) => fingerprint,
  minLength: 1,
  maxLength: 4,
});

export const question: fc.Arbitrary<{ asker: string; target: string; serviceType: string }> = fc.record({
  asker: fc.constantFrom(...FINGERPRINTS),
  target: fc.constantFrom(...FINGERPRINTS),
  serviceType: fc.constantFrom(...SERVICE_TYPES),
});
