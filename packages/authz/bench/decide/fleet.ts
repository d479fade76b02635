import type { Grant, Principal, Role, Selector, Verb } from '@qconn/authz';

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const SITES = 40;
const SERVICE_TYPES = 200;
const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';

export interface Fleet {
  readonly roles: readonly Role[];
  readonly machines: readonly Principal[];
  readonly serviceTypes: readonly string[];
}

/**
 * A fleet of the size that the target names: each role with 100 grants, each machine with one to four roles. As in
 * fleets that people run, few roles are held by many machines and many by few: the n-th role's share falls as 1/n.
 */
export function makeFleet(roleCount: number, machineCount: number, random01: () => number): Fleet {
  const below = (count: number): number => Math.floor(random01() * count);
  const serviceTypes = Array.from({ length: SERVICE_TYPES }, (_, index) => `area${index % 20}.work${index}`);
  const pattern = (): string => {
    const type = serviceTypes[below(SERVICE_TYPES)] as string;
    return random01() < 0.2 ? `${type.slice(0, type.indexOf('.'))}.*` : type;
  };
  const selector = (): { selector?: Selector } =>
    random01() < 0.5 ? {} : { selector: { labels: { site: `site-${below(SITES)}` } } };
  const grant = (): Grant => ({
    effect: random01() < 0.1 ? 'deny' : 'allow',
    verb: (['submit', 'provide', 'query'] satisfies Verb[])[below(3)] ?? 'query',
    serviceTypes: [pattern()],
    ...selector(),
  });
  const roles = Array.from({ length: roleCount }, (_, index) => ({
    name: `role-${index}`,
    grants: Array.from({ length: 100 }, grant),
  }));
  // Zipf's law with exponent 1, by inverting its continuous form.
  const popularRole = (): string => `role-${Math.floor(roleCount ** random01()) - 1}`;
  const fingerprint = (): string => `qc1${Array.from({ length: 38 }, () => BECH32[below(32)]).join('')}`;
  const machines = Array.from({ length: machineCount }, (_, index): Principal => ({
    fingerprint: fingerprint(),
    status: 'authorized',
    hostname: `machine-${index}`,
    labels: { site: `site-${below(SITES)}`, floor: String(below(5)) },
    roles: Array.from({ length: 1 + below(4) }, popularRole),
  }));
  return { roles, machines, serviceTypes };
}
