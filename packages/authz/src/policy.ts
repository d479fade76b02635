import { type Decision, PENDING, REVOKED, UNKNOWN, UNKNOWN_TARGET } from './decision.ts';
import { ANY_MACHINE, type Member, memberOf } from './member.ts';
import { MemberMap } from './member-map.ts';
import type { Principal } from './principal.ts';
import { RoleBook } from './role-book.ts';
import { Names } from './numbering.ts';
import type { Role, Verb } from './role.ts';
import { Seat } from './seat.ts';

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
 * Somebody who takes part. A fingerprint is judged by what the snapshot says of it now, and so is a {@link Seat}, which
 * is faster; a principal is judged by what it says itself, which suits API keys and what-if questions but never a live
 * connection.
 */
export type Party = string | Seat | Principal;

/** A snapshot of who may do what. It never changes its answers; a change makes a new one. */
export class Policy {
  readonly generation: number;
  readonly #members: MemberMap;
  readonly #book: RoleBook;
  readonly #names: Names;

  private constructor(generation: number, members: MemberMap, book: RoleBook, names: Names) {
    this.generation = generation;
    this.#members = members;
    this.#book = book;
    this.#names = names;
  }

  /** @see compilePolicy */
  static compile({ generation, roles, machines }: PolicySource): Policy {
    const names = new Names();
    const book = RoleBook.empty(names).with(roles, []);
    const members = MemberMap.of(Array.from(machines, (machine) => memberOf(machine, names)));
    return new Policy(generation, members, book, names);
  }

  /** The snapshot after a change. Costs what the change costs, not what the policy costs. */
  with(change: PolicyChange): Policy {
    const { machines = [], removedMachines = [], roles = [], removedRoles = [] } = change;
    const put = machines.map((machine) => memberOf(machine, this.#names));
    const members = this.#members.with(put, removedMachines);
    const book = roles.length + removedRoles.length === 0 ? this.#book : this.#book.with(roles, removedRoles);
    return new Policy(change.generation, members, book, this.#names);
  }

  /** The snapshot's machine with that fingerprint. */
  machine(fingerprint: string): Principal | undefined {
    return this.#members.get(fingerprint)?.principal;
  }

  /** Every machine, in no order. */
  *machines(): Generator<Principal> {
    for (const member of this.#members) yield member.principal;
  }

  /**
   * May a principal do this? The hot path: allocates nothing that it allows, unless a party is a principal.
   * @param target the machine on the other side; without it the question is "towards any machine at all?",
   *   which is for admission and early refusal and never enough to let a message through
   */
  decide(principal: Party, verb: Verb, serviceType: string, target?: Party): Decision {
    const object = target === undefined ? ANY_MACHINE : this.#member(target);
    return this.#judge(this.#member(principal), verb, serviceType, object);
  }

  /**
   * May this message pass? The sender must be allowed to submit towards the target, and the target to
   * provide towards the sender. Returns the first refusal, or what allows the target to provide.
   */
  decideExchange(sender: Party, target: Party, serviceType: string): Decision {
    const from = this.#member(sender);
    const to = this.#member(target);
    const submit = this.#judge(from, 'submit', serviceType, to);
    return submit.allowed ? this.#judge(to, 'provide', serviceType, from) : submit;
  }

  #judge(subject: Member | undefined, verb: Verb, serviceType: string, object: Member | undefined): Decision {
    if (subject === undefined) return UNKNOWN;
    if (subject.status !== 'authorized') return subject.status === 'revoked' ? REVOKED : PENDING;
    if (object === undefined) return UNKNOWN_TARGET;
    return this.#book.row(verb, serviceType).decide(subject, object);
  }

  #member(party: Party): Member | undefined {
    if (party instanceof Seat) return party.among(this.#members);
    return typeof party === 'string' ? this.#members.get(party) : memberOf(party, this.#names);
  }
}

/** Compiles a snapshot: 1,000 roles and 100,000 machines take some hundred milliseconds, so not on the hot path. */
export function compilePolicy(source: PolicySource): Policy {
  return Policy.compile(source);
}
