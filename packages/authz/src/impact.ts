import { kindsOfMachines, someTypeOf, type KindOfMachine } from './probe.ts';
import { overlapOf, patternCovers } from './pattern.ts';
import type { Party, Policy } from './policy.ts';
import type { Grant, Role, Verb } from './role.ts';

/** Something that somebody may do, as widely as the roles speak of it. */
export interface Right {
  readonly verb: Verb;
  /** A pattern of service types. */
  readonly serviceType: string;
  /** Towards which machines, in words; absent: towards any that no grant names. */
  readonly towards?: string;
}

/** What somebody gets and loses by a change. */
export interface Difference {
  readonly gains: readonly Right[];
  readonly loses: readonly Right[];
}

/** A role in both states; absent where it does not exist, and twice the same where it stays. */
export interface RoleChange {
  readonly before: Role | undefined;
  readonly after: Role | undefined;
}

/** Somebody, by name in both policies. */
export interface Holder {
  readonly before: Party;
  readonly after: Party;
  /** Names of the roles that it has before or after. */
  readonly roles: readonly string[];
  /** Those among them that it gets or loses. */
  readonly moved?: readonly string[];
}

/** A question to which the change may have given another answer. */
interface Probe {
  readonly right: Right;
  readonly target: KindOfMachine['machine'];
}

/**
 * Says what a change of roles means for somebody, by asking the policies before and after it: the engine that enforces
 * is the only one there is. As one allowance and one denial settle every question, it is enough to ask where a grant that
 * changes meets another that its holder has: about the narrower of their patterns, towards a machine that both mean.
 */
export class Impact {
  readonly #before: Policy;
  readonly #after: Policy;
  readonly #roles: ReadonlyMap<string, { readonly grants: readonly Grant[]; readonly changes: boolean }>;

  /** @param roles every role that a holder may have */
  constructor(policies: { readonly before: Policy; readonly after: Policy }, roles: Iterable<RoleChange>) {
    this.#before = policies.before;
    this.#after = policies.after;
    this.#roles = new Map(
      Array.from(roles, ({ before, after }) => [
        (before ?? after)?.name ?? '',
        {
          grants: before === after ? (before?.grants ?? []) : [...(before?.grants ?? []), ...(after?.grants ?? [])],
          changes: before !== after,
        },
      ]),
    );
  }

  of({ before, after, roles, moved = [] }: Holder): Difference {
    const gains = new Map<string, Right>();
    const loses = new Map<string, Right>();
    for (const { right, target } of this.#probes(roles, moved)) {
      const serviceType = someTypeOf(right.serviceType);
      const was = this.#before.decide(before, right.verb, serviceType, target).allowed;
      const is = this.#after.decide(after, right.verb, serviceType, target).allowed;
      if (was !== is) (is ? gains : loses).set(keyOf(right), right);
    }
    return { gains: widest([...gains.values()]), loses: widest([...loses.values()]) };
  }

  #probes(names: readonly string[], moved: readonly string[]): Iterable<Probe> {
    const held = [...new Set(names)].flatMap((name) => {
      const role = this.#roles.get(name);
      return role === undefined ? [] : [{ ...role, changes: role.changes || moved.includes(name) }];
    });
    const all = held.flatMap(({ grants }) => grants);
    const probes = new Map<string, Probe>();
    for (const grant of held.filter(({ changes }) => changes).flatMap(({ grants }) => grants)) {
      for (const other of all) {
        if (other.verb !== grant.verb) continue;
        for (const probe of probesBetween(grant, other)) probes.set(keyOf(probe.right), probe);
      }
    }
    return probes.values();
  }
}

function* probesBetween(grant: Grant, other: Grant): Iterable<Probe> {
  const { verb } = grant;
  const patterns = grant.serviceTypes.flatMap((pattern) =>
    other.serviceTypes.flatMap((another) => overlapOf(pattern, another) ?? []),
  );
  if (patterns.length === 0) return;
  for (const { words, machine } of kindsOfMachines(grant.selector, other.selector)) {
    for (const serviceType of patterns)
      yield { right: { verb, serviceType, ...(words !== undefined && { towards: words }) }, target: machine };
  }
}

function keyOf({ verb, serviceType, towards = '' }: Right): string {
  return `${verb} ${serviceType} ${towards}`;
}

/** What holds more widely need not be told of a part. */
function widest(rights: readonly Right[]): readonly Right[] {
  const covers = (wide: Right, narrow: Right): boolean =>
    wide !== narrow &&
    wide.verb === narrow.verb &&
    patternCovers(wide.serviceType, narrow.serviceType) &&
    (wide.towards === undefined || wide.towards === narrow.towards);
  return rights.filter((right) => !rights.some((other) => covers(other, right)));
}
