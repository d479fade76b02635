import type { Principal } from './principal.ts';
import type { Selector } from './role.ts';
import { selectorInWords } from './selector.ts';

/** A segment that no service type and no hostname can have: stands for all that nobody names. */
const ANY_OTHER = '#';

/** A made-up machine of which selectors speak. */
export interface KindOfMachine {
  /** In words; absent for a machine that no selector names. */
  readonly words?: string;
  readonly machine: Principal;
}

/** A service type that the pattern matches, and no narrower one does. */
export function someTypeOf(pattern: string): string {
  return pattern.replace(/\*$/, ANY_OTHER);
}

/** The machines that two selectors mean both, with nothing about them that neither asks for; none if they contradict each other. */
export function kindsOfMachines(one: Selector = {}, other: Selector = {}): readonly KindOfMachine[] {
  const labels = { ...one.labels, ...other.labels };
  if (Object.entries(one.labels ?? {}).some(([key, value]) => labels[key] !== value)) return [];
  const hostnames = new Set([...(one.hostnames ?? []), ...(other.hostnames ?? [])]);
  const given = hostnames.size === 0 ? [undefined] : [...hostnames];
  return given.map((hostname) => {
    const machine: Principal = {
      fingerprint: ANY_OTHER,
      status: 'authorized',
      hostname: hostname?.replace(/\*$/, ANY_OTHER) ?? ANY_OTHER,
      labels,
      roles: [],
    };
    const selector: Selector = {
      ...(Object.keys(labels).length > 0 && { labels }),
      ...(hostname !== undefined && { hostnames: [hostname] }),
    };
    return Object.keys(selector).length === 0 ? { machine } : { words: selectorInWords(selector), machine };
  });
}
