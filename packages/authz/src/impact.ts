import type { Party, Policy } from './policy.ts';
import type { Principal } from './principal.ts';
import type { Grant, Role, Selector, Verb } from './role.ts';
import { selectorInWords } from './selector.ts';

/** Something that somebody may do, as widely as a change of roles speaks of it. */
export interface Right {
  readonly verb: Verb;
  /** A pattern of service types. */
  readonly serviceType: string;
  /** Towards which machines, in words; absent: towards any that no other grant names. */
  readonly towards?: string;
}

/** What somebody gets and loses by a change. */
export interface Difference {
  readonly gains: readonly Right[];
  readonly loses: readonly Right[];
}

/** One of the two states of a role that changes; absent where there is none. */
export interface RoleChange {
  readonly before: Role | undefined;
  readonly after: Role | undefined;
}

/** A question that the change may have given another answer, and how the answer is told. */
interface Probe {
  readonly right: Right;
  readonly serviceType: string;
  readonly target: Principal | undefined;
}

/** A segment that no service type and no hostname can have: stands for all that nobody names. */
const ANY_OTHER = '#';

/**
 * Says what a change of roles means for somebody, by asking the policies before and after it: the engine that enforces
 * is the only one there is. It asks about each pattern that the changed roles speak of (for `print.*`, about a service
 * type below `print` that no grant names) towards each kind of machine that they speak of.
 */
export class Impact {
  readonly #before: Policy;
  readonly #after: Policy;
  readonly #probes: ReadonlyMap<string, readonly Probe[]>;

  constructor(policies: { readonly before: Policy; readonly after: Policy }, changes: readonly RoleChange[]) {
    this.#before = policies.before;
    this.#after = policies.after;
    this.#probes = new Map(
      changes.map(({ before, after }) => [
        (before ?? after)?.name ?? '',
        probesOf([...(before?.grants ?? []), ...(after?.grants ?? [])]),
      ]),
    );
  }

  /**
   * @param roles names of the roles that the one in question has before or after; only changed ones matter
   * @param before who it is in the policy before
   * @param after the same in the policy after
   */
  of(roles: Iterable<string>, before: Party, after: Party): Difference {
    const gains = new Map<string, Right>();
    const loses = new Map<string, Right>();
    for (const role of new Set(roles)) {
      for (const { right, serviceType, target } of this.#probes.get(role) ?? []) {
        const was = this.#before.decide(before, right.verb, serviceType, target).allowed;
        const is = this.#after.decide(after, right.verb, serviceType, target).allowed;
        if (was !== is) (is ? gains : loses).set(keyOf(right), right);
      }
    }
    return { gains: widest(gains), loses: widest(loses) };
  }
}

function probesOf(grants: readonly Grant[]): readonly Probe[] {
  const probes = new Map<string, Probe>();
  for (const { verb, serviceTypes } of grants) {
    // Each grant can change what another one means, so each pattern is asked about towards all kinds of machines.
    const towards = verb === 'admin' ? [undefined] : kindsOfMachines(grants.filter((other) => other.verb === verb));
    for (const pattern of serviceTypes) {
      for (const kind of towards) {
        const right = { verb, serviceType: pattern, ...(kind?.words !== undefined && { towards: kind.words }) };
        probes.set(keyOf(right), { right, serviceType: someTypeOf(pattern), target: kind?.machine });
      }
    }
  }
  return [...probes.values()];
}

/** A service type that the pattern matches, and no more special one does. */
function someTypeOf(pattern: string): string {
  return pattern === '*' ? ANY_OTHER : pattern.replace(/\*$/, ANY_OTHER);
}

/** A machine that nobody names, and one for each that a selector names. */
function kindsOfMachines(grants: readonly Grant[]): { words?: string; machine: Principal }[] {
  const kinds = new Map<string, { words?: string; machine: Principal }>([['', { machine: machineLike({}) }]]);
  for (const { selector } of grants) {
    if (selector === undefined) continue;
    const { labels, hostnames = [undefined] } = selector;
    for (const hostname of hostnames) {
      const one: Selector = {
        ...(labels !== undefined && { labels }),
        ...(hostname !== undefined && { hostnames: [hostname] }),
      };
      const words = selectorInWords(one);
      kinds.set(words, { words, machine: machineLike(one) });
    }
  }
  return [...kinds.values()];
}

function machineLike({ labels = {}, hostnames = [] }: Selector): Principal {
  const hostname = hostnames[0]?.replace(/\*$/, ANY_OTHER) ?? ANY_OTHER;
  return { fingerprint: ANY_OTHER, status: 'authorized', hostname, labels, roles: [] };
}

function keyOf({ verb, serviceType, towards = '' }: Right): string {
  return `${verb} ${serviceType} ${towards}`;
}

/** What holds towards any machine need not be told of some. */
function widest(rights: ReadonlyMap<string, Right>): readonly Right[] {
  return [...rights.values()].filter(({ towards, ...right }) => towards === undefined || !rights.has(keyOf(right)));
}
