import { CompiledRole } from './compiled-role.ts';
import { type Decision, PENDING, REVOKED, UNKNOWN, UNKNOWN_TARGET } from './decision.ts';
import { type Member, memberOf } from './member.ts';
import { MemberMap } from './member-map.ts';
import type { Principal } from './principal.ts';
import { RoleBook } from './role-book.ts';
import type { Role, Verb } from './role.ts';
import { RoleSets } from './role-sets.ts';

/** What a policy is compiled from. */
export interface PolicySource {
  /** Counts the changes of roles and machines; the hub compares it with the database's. */
  readonly generation: number;
  readonly roles: Iterable<Role>;
  readonly machines: Iterable<Principal>;
}

/** What has changed between two generations. */
export interface PolicyChange {
  readonly generation: number;
  /** Machines put in or replaced, whole. */
  readonly machines?: readonly Principal[];
  /** Fingerprints of machines taken out. */
  readonly removedMachines?: readonly string[];
  /** Roles put in or replaced, whole. */
  readonly roles?: readonly Role[];
  /** Names of roles taken out. */
  readonly removedRoles?: readonly string[];
}

/**
 * Somebody who takes part. A fingerprint is judged by what the snapshot says of it now; a principal is
 * judged by what it says itself, which suits API keys and what-if questions but never a live connection.
 */
export type Party = string | Principal;

/** A snapshot of who may do what. It never changes its answers; a change makes a new one. */
export class Policy {
  readonly generation: number;
  readonly #members: MemberMap;
  readonly #book: RoleBook;
  readonly #sets: RoleSets;

  private constructor(generation: number, members: MemberMap, book: RoleBook, sets: RoleSets) {
    this.generation = generation;
    this.#members = members;
    this.#book = book;
    this.#sets = sets;
  }

  /** @see compilePolicy */
  static compile({ generation, roles, machines }: PolicySource): Policy {
    const sets = new RoleSets();
    const book = new RoleBook(new Map(Array.from(roles, (role) => [role.name, new CompiledRole(role)])), sets);
    const members = MemberMap.of(Array.from(machines, (machine) => memberOf(machine, sets)));
    return new Policy(generation, members, book, sets);
  }

  /** The snapshot after a change. Costs what the change costs, not what the policy costs. */
  with(change: PolicyChange): Policy {
    const put = (change.machines ?? []).map((machine) => memberOf(machine, this.#sets));
    const members = this.#members.with(put, change.removedMachines ?? []);
    const book = this.#book.with(change.roles ?? [], change.removedRoles ?? []);
    return new Policy(change.generation, members, book, this.#sets);
  }

  /** The snapshot's machine with that fingerprint. */
  machine(fingerprint: string): Principal | undefined {
    return this.#members.get(fingerprint)?.principal;
  }

  get machineCount(): number {
    return this.#members.size;
  }

  /** Every machine, in no order. */
  *machines(): Generator<Principal> {
    for (const member of this.#members) yield member.principal;
  }

  /**
   * May a principal do this? The hot path: allocates nothing when the parties are fingerprints.
   * @param target the machine on the other side; without it the question is "towards any machine at all?",
   *   which is for admission and early refusal and never enough to let a message through
   */
  decide(principal: Party, verb: Verb, serviceType: string, target?: Party): Decision {
    const subject = this.#member(principal);
    if (subject === undefined) return UNKNOWN;
    const { status } = subject.principal;
    if (status !== 'authorized') return status === 'revoked' ? REVOKED : PENDING;
    const verdict = this.#book.verdict(subject.roleSet, verb, serviceType);
    if (target === undefined) return verdict.towardsAny;
    const object = this.#member(target);
    if (object === undefined) return UNKNOWN_TARGET;
    return verdict.towards(object.principal, object.hostname);
  }

  /**
   * May this message pass? The sender must be allowed to submit towards the target, and the target to
   * provide towards the sender. Returns the first refusal, or what allows the target to provide.
   */
  decideExchange(sender: Party, target: Party, serviceType: string): Decision {
    const submit = this.decide(sender, 'submit', serviceType, target);
    return submit.allowed ? this.decide(target, 'provide', serviceType, sender) : submit;
  }

  #member(party: Party): Member | undefined {
    return typeof party === 'string' ? this.#members.get(party) : memberOf(party, this.#sets);
  }
}

/** Compiles a snapshot: 1,000 roles and 100,000 machines take some hundred milliseconds, so not on the hot path. */
export function compilePolicy(source: PolicySource): Policy {
  return Policy.compile(source);
}
